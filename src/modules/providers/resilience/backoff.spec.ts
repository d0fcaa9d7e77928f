import fc from 'fast-check';
import { BACKOFF_CAP_MS, backoffMs, RETRY_AFTER_JITTER_MS } from './backoff.js';

describe(backoffMs.name, () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('lies between nothing and the doubling bound, and never above the cap', () => {
    fc.assert(
      fc.property(fc.nat(40), random, (retry, share) => {
        const wait = backoffMs(retry, undefined, () => share);
        return wait >= 0 && wait <= Math.min(BACKOFF_CAP_MS, 250 * 2 ** retry);
      }),
    );
  });

  it('uses the whole range', () => {
    expect(backoffMs(0, undefined, () => 0)).toBe(0);
    expect(backoffMs(1, undefined, () => 0.5)).toBe(250);
  });

  it('never undercuts Retry-After and adds little to it', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(100_000), random, (retry, retryAfterMs, share) => {
        const wait = backoffMs(retry, retryAfterMs, () => share);
        return wait >= retryAfterMs && wait <= retryAfterMs + RETRY_AFTER_JITTER_MS;
      }),
    );
  });
});
