import fc from 'fast-check';
import type { Clock } from '../../src/shared/context/clock.js';
import type { QuotaLimits, QuotaStore } from '../../src/modules/rate-limit/quota-store.js';

/** A clock that stands until the test moves it. */
export class TestClock implements Clock {
  constructor(public nowMs = Date.UTC(2026, 10, 24, 9, 0, 0)) {}
  now(): Date {
    return new Date(this.nowMs);
  }
  monotonicMs(): number {
    return this.nowMs;
  }
}

const LIMITS: QuotaLimits = {
  requestsPerMinute: 5,
  tokensPerMinute: 1000,
  dailyCost: 100n,
  monthlyCost: 250n,
};

/** What every QuotaStore does. `create` makes an empty one on the given clock. */
export function describeQuotaStore(name: string, create: (clock: TestClock) => QuotaStore): void {
  describe(`${name} as a quota store`, () => {
    let clock: TestClock;
    let store: QuotaStore;
    beforeEach(() => {
      clock = new TestClock();
      store = create(clock);
    });

    async function take(tokens = 0, cost = 0n): Promise<string | undefined> {
      const outcome = await store.reserve('u', LIMITS, { tokens, cost });
      return outcome.admitted ? outcome.reservationId : undefined;
    }

    it('admits so many requests a minute and not one more, also when they come at once', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => store.reserve('u', LIMITS, { tokens: 1, cost: 0n })),
      );
      expect(outcomes.filter(({ admitted }) => admitted)).toHaveLength(5);
      const refused = outcomes.find((outcome) => !outcome.admitted);
      expect(refused).toMatchObject({ refused: { scope: 'requests_per_minute', limit: 5n, used: 5n } });
    });

    it('keeps users apart', async () => {
      for (let index = 0; index < 5; index += 1) await take();
      expect(await take()).toBeUndefined();
      expect((await store.reserve('other', LIMITS, { tokens: 0, cost: 0n })).admitted).toBe(true);
    });

    it('says when there is room again, and there is', async () => {
      for (let index = 0; index < 5; index += 1) await take();
      const outcome = await store.reserve('u', LIMITS, { tokens: 0, cost: 0n });
      if (outcome.admitted) throw new Error('it should have been refused');
      clock.nowMs = outcome.refused.resetAt.getTime() - 1;
      expect(await take()).toBeUndefined();
      clock.nowMs += 1;
      expect(await take()).toBeDefined();
    });

    it('counts reserved tokens until they are settled to what was used', async () => {
      const id = (await take(900))!;
      expect(await take(200)).toBeUndefined();
      await store.settle(id, { tokens: 100, cost: 0n });
      expect(await take(200)).toBeDefined();
      const [, tokens] = await store.read('u', LIMITS);
      expect(tokens).toMatchObject({ used: 100n, reserved: 200n });
    });

    it('gives a released request back whole, and settles or releases only once', async () => {
      const id = (await take(900))!;
      await store.release(id);
      await store.release(id);
      await store.settle(id, { tokens: 900, cost: 50n });
      expect((await store.read('u', LIMITS)).map(({ used, reserved }) => used + reserved)).toEqual([
        0n,
        0n,
        0n,
        0n,
      ]);
    });

    it('counts what exceeds the reservation', async () => {
      await store.settle((await take(10))!, { tokens: 990, cost: 0n });
      expect(await take(20)).toBeUndefined();
    });

    it('refuses when a budget would be passed, and names the one that is whole last', async () => {
      await store.settle((await take(0, 10n))!, { tokens: 0, cost: 100n });
      const outcome = await store.reserve('u', LIMITS, { tokens: 0, cost: 0n });
      expect(outcome).toMatchObject({
        admitted: false,
        refused: { scope: 'daily_cost', resetAt: new Date('2026-11-25T00:00:00Z') },
      });
      clock.nowMs = Date.UTC(2026, 10, 25);
      expect(await take(0, 100n)).toBeDefined();
    });

    it('holds a budget while it is only reserved', async () => {
      expect(await take(0, 60n)).toBeDefined();
      expect(await take(0, 60n)).toBeUndefined();
    });

    it('books a charge to the day and month in which it was admitted', async () => {
      clock.nowMs = Date.UTC(2026, 10, 30, 23, 59, 59);
      const id = (await take(0, 40n))!;
      clock.nowMs = Date.UTC(2026, 11, 1, 0, 0, 1);
      await store.settle(id, { tokens: 0, cost: 40n });
      expect((await store.read('u', LIMITS)).slice(2).map(({ used }) => used)).toEqual([0n, 0n]);
    });

    it('never lets more than the limit through in any minute', async () => {
      const step = fc.record({
        waitMs: fc.integer({ min: 0, max: 20_000 }),
        tokens: fc.integer({ min: 0, max: 700 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const ownClock = new TestClock();
          const own = create(ownClock);
          const passed: { atMs: number; tokens: number }[] = [];
          for (const { waitMs, tokens } of steps) {
            ownClock.nowMs += waitMs;
            const outcome = await own.reserve(
              'u',
              { requestsPerMinute: 5, tokensPerMinute: 1000 },
              { tokens, cost: 0n },
            );
            if (outcome.admitted) {
              passed.push({ atMs: ownClock.nowMs, tokens });
              await own.settle(outcome.reservationId, { tokens, cost: 0n });
            }
          }
          return passed.every(({ atMs }) => {
            const within = passed.filter((other) => other.atMs >= atMs && other.atMs < atMs + 60_000);
            return within.length <= 5 && within.reduce((sum, { tokens }) => sum + tokens, 0) <= 1000;
          });
        }),
        { numRuns: 200 },
      );
    });
  });
}
