import type { CircuitBreaker } from '../../../shared/resilience/circuit-breaker.js';
import type { Timers } from './timers.js';

/** Waits until the time is up or the breaker opens. Throws the signal's reason when it is aborted. */
export async function pause(
  ms: number,
  timers: Timers,
  signal: AbortSignal,
  breaker?: CircuitBreaker,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancelTimer();
      forgetBreaker?.();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancelTimer = timers.after(ms, end);
    const forgetBreaker = breaker?.onceOpen(end);
    signal.addEventListener('abort', end, { once: true });
  });
  signal.throwIfAborted();
}
