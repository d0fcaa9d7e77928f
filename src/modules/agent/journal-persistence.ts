import { setTimeout as delay } from 'node:timers/promises';
import { asUnavailable } from '../../shared/errors/dependency-errors.js';

/** How long a run waits for a database that is away before it gives up. */
export const JOURNAL_PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;

/**
 * Repeats a write of the journal until the database is back. Only for writes that recognise their own repetition. Anything
 * but an unavailable database is thrown at once; `giveUp` ends the waiting.
 */
export async function persist<T>(write: () => Promise<T>, giveUp: AbortSignal): Promise<T> {
  const until = performance.now() + JOURNAL_PATIENCE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!asUnavailable(error) || giveUp.aborted || performance.now() + pause > until) throw error;
      // Jitter: runs of a whole process wait for the same database.
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal: giveUp }).catch(() => undefined);
    }
  }
}
