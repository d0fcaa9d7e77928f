import type { Clock } from '../../shared/context/clock.js';

/** A reader wants to see that something happens, not everything that happens. */
const MIN_INTERVAL_MS = 500;
const MAX_MESSAGES = 100;
const MAX_LENGTH = 300;
const CONTROL = /\p{Cc}+/gu;

/** Passes on what a tool reports, at a bounded rate and size, and nothing once its signal has fired. */
export function boundedProgress(
  listener: ((message: string) => void) | undefined,
  signal: AbortSignal,
  clock: Clock,
): (message: string) => void {
  let lastMs = -Infinity;
  let count = 0;
  return (message) => {
    const nowMs = clock.monotonicMs();
    if (!listener || signal.aborted || count >= MAX_MESSAGES || nowMs - lastMs < MIN_INTERVAL_MS) return;
    lastMs = nowMs;
    count += 1;
    listener(String(message).replace(CONTROL, ' ').slice(0, MAX_LENGTH).toWellFormed());
  };
}
