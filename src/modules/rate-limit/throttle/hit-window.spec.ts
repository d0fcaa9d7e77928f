import fc from 'fast-check';
import { HitWindow } from './hit-window.js';

const LENGTH_MS = 60_000;

describe(HitWindow.name, () => {
  it('never admits more than its limit within any minute, and whoever waits as long as it says gets in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 }),
        (limit, pauses) => {
          const window = new HitWindow(LENGTH_MS);
          const admitted: number[] = [];
          let nowMs = 1_000_000;
          for (const pause of pauses) {
            nowMs += pause;
            const { isAdmitted, hits, waitMs } = window.hit(nowMs, limit);
            expect(hits).toBeLessThanOrEqual(limit);
            if (isAdmitted) {
              admitted.push(nowMs);
            } else {
              expect(waitMs).toBeGreaterThan(0);
              expect(waitMs).toBeLessThanOrEqual(LENGTH_MS);
              nowMs += waitMs;
              expect(window.hit(nowMs, limit).isAdmitted).toBe(true);
              admitted.push(nowMs);
            }
          }
          for (const start of admitted)
            expect(admitted.filter((at) => at >= start && at < start + LENGTH_MS).length).toBeLessThanOrEqual(
              limit,
            );
        },
      ),
    );
  });

  it('does not count what it refuses', () => {
    const window = new HitWindow(LENGTH_MS);
    window.hit(0, 1);
    for (let nowMs = 1_000; nowMs < LENGTH_MS; nowMs += 1_000)
      expect(window.hit(nowMs, 1).isAdmitted).toBe(false);
    expect(window.hit(LENGTH_MS, 1).isAdmitted).toBe(true);
  });

  it('obeys a limit that has become smaller', () => {
    const window = new HitWindow(LENGTH_MS);
    for (let nowMs = 0; nowMs < 5_000; nowMs += 1_000) window.hit(nowMs, 5);
    expect(window.hit(5_000, 2)).toEqual({ isAdmitted: false, hits: 5, waitMs: 3_000 + LENGTH_MS - 5_000 });
  });
});
