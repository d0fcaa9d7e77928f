import type { LoggedEvent } from './run-event-log.js';

/** - `fenced`: a newer owner has published; nothing was, and this one must stop. */
export type PublishOutcome = 'published' | 'fenced' | 'unavailable';

/** Events of one run. */
export interface LiveBatch {
  readonly events: readonly LoggedEvent[];
  /** Of the owner that published the last of them; 0: there are none. */
  readonly epoch: number;
}

/** Wakes a reader when there may be news of a run. */
export interface RunWatch {
  /** Resolves at the next news, at once when there was some since the last call, and after `timeoutMs` in any case. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Carries the events of running runs from their owner to whoever reads them elsewhere. A cache: bounded in length and
 * lifetime, and everything in it that matters is in the database once its step is committed.
 *
 * All implementations pass `test/contracts/describe-live-events.ts`.
 */
export interface LiveEvents {
  /** False: there is one replica only, so nobody reads elsewhere. */
  readonly isShared: boolean;
  /**
   * Appends events whose ids follow on what is there. `everything` gives all events of this owner, for when what was
   * published before has been lost. Takes a bounded time and never rejects.
   */
  publish(
    runId: string,
    epoch: number,
    events: readonly LoggedEvent[],
    everything: () => readonly LoggedEvent[],
  ): Promise<PublishOutcome>;
  /** Events after `afterId` as far as they are here: consecutive, but the first may not be `afterId + 1`. */
  read(runId: string, afterId: number): Promise<LiveBatch>;
  /**
   * Called by a new owner: from here on older epochs publish nothing more. Returns the events after `afterId`, consecutive
   * from there, or `undefined` when it cannot be known what there was; then nothing is in the way of ids that are used again.
   */
  adopt(runId: string, epoch: number, afterId: number): Promise<readonly LoggedEvent[] | undefined>;
  watch(runId: string): RunWatch;
  /** Wakes the readers of this process: something of the run has changed here. */
  wake(runId: string): void;
  /** The run is over and stored: what is here may go. */
  end(runId: string): void;
  /** Nothing of these runs is here any more, and no owner publishes anything of them. Rejects when that cannot be done now. */
  erase(runIds: readonly string[]): Promise<void>;
}

export const LIVE_EVENTS = Symbol('LIVE_EVENTS');
