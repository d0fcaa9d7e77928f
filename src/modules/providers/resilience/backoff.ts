export const MAX_RETRIES = 2;
export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 8_000;
/** Spreads callers that were all told the same `Retry-After`. */
export const RETRY_AFTER_JITTER_MS = 250;

/**
 * How long to wait before retry number `retry` (0 is the first). Full jitter: anything from nothing to the exponential
 * bound. A vendor's `Retry-After` is never undercut. `random` is uniform in [0, 1).
 */
export function backoffMs(retry: number, retryAfterMs: number | undefined, random: () => number): number {
  if (retryAfterMs !== undefined) return retryAfterMs + random() * RETRY_AFTER_JITTER_MS;
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retry);
}
