import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { v7 } from 'uuid';
import type { Clock } from '../../src/shared/context/clock.js';
import {
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  type QuotaScope,
  type QuotaState,
  type QuotaStore,
  QuotaStoreUnavailable,
  ReservationFenced,
  type ReserveOutcome,
  type SpendingLedger,
} from '../../src/modules/rate-limit/quota-store.js';
import { FakeLedger } from '../support/fake-ledger.js';

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

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

const LIMITS: QuotaLimits = {
  requestsPerMinute: 5,
  tokensPerMinute: 1000,
  dailyCost: 100n,
  monthlyCost: 250n,
  installationDailyCost: 1000n,
};

/** A store that has no memory yet, and the hand on its clock. */
export interface QuotaStoreUnderTest {
  readonly store: QuotaStore;
  readonly clock: TestClock;
}

/** What every QuotaStore does. */
export function describeQuotaStore(
  name: string,
  create: (ledger: SpendingLedger) => QuotaStoreUnderTest,
  { propertyRuns = 200 }: { readonly propertyRuns?: number } = {},
): void {
  describe(`${name} as a quota store`, () => {
    let clock: TestClock;
    let store: QuotaStore;
    let ledger: FakeLedger;
    beforeEach(() => {
      ledger = new FakeLedger();
      ({ clock, store } = create(ledger));
    });

    const request = (overrides: Partial<QuotaRequest> = {}): QuotaRequest => ({
      id: v7(),
      userId: 'u',
      limits: LIMITS,
      requests: 1,
      used: NOTHING,
      next: NOTHING,
      expiresInMs: HOUR,
      ...overrides,
    });
    const ask = (overrides: Partial<QuotaRequest> = {}): Promise<ReserveOutcome> =>
      store.reserve(request(overrides));
    /** The id of a run that got what it asked for. */
    async function admitted(overrides: Partial<QuotaRequest> = {}): Promise<string> {
      const asked = request(overrides);
      expect(await store.reserve(asked)).toMatchObject({ admitted: true });
      return asked.id;
    }
    async function refused(overrides: Partial<QuotaRequest> = {}): Promise<QuotaState> {
      const outcome = await ask(overrides);
      if (outcome.admitted) throw new Error('it should have been refused');
      return outcome.refused;
    }
    const tokens = (count: number): QuotaAmount => ({ tokens: count, cost: 0n });
    const cost = (pico: bigint): QuotaAmount => ({ tokens: 0, cost: pico });
    /** Used and reserved, by scope. */
    async function standing(userId = 'u'): Promise<Record<QuotaScope, [used: bigint, reserved: bigint]>> {
      const states = await store.read(userId, LIMITS);
      return Object.fromEntries(
        states.map(({ scope, used, reserved }) => [scope, [used, reserved]]),
      ) as Record<QuotaScope, [bigint, bigint]>;
    }
    const money = async (userId = 'u'): Promise<Record<string, [bigint, bigint]>> => {
      const { daily_cost, monthly_cost, installation_daily_cost } = await standing(userId);
      return { day: daily_cost, month: monthly_cost, installation: installation_daily_cost };
    };

    describe('counts requests', () => {
      it('admits so many in a minute and not one more, also when they come at once', async () => {
        const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask({ next: tokens(1) })));
        expect(outcomes.filter((outcome) => outcome.admitted)).toHaveLength(5);
        const refusal = outcomes.find((outcome) => !outcome.admitted);
        expect(refusal).toMatchObject({ refused: { scope: 'requests_per_minute', limit: 5n, used: 5n } });
      });

      it('admits exactly 100 of 1,000 at once', async () => {
        const limits = { ...LIMITS, requestsPerMinute: 100 };
        const outcomes = await Promise.all(Array.from({ length: 1000 }, () => ask({ limits })));
        expect(outcomes.filter((outcome) => outcome.admitted)).toHaveLength(100);
        expect((await standing()).requests_per_minute).toEqual([100n, 0n]);
      });

      it('admits the first eight of a new user at once', async () => {
        const limits = { ...LIMITS, requestsPerMinute: 8 };
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, () => ask({ limits, next: { tokens: 100, cost: 10n } })),
        );
        expect(outcomes.map((outcome) => outcome.admitted)).toEqual(Array.from({ length: 8 }, () => true));
        expect(await standing()).toMatchObject({
          requests_per_minute: [8n, 0n],
          tokens_per_minute: [0n, 800n],
          daily_cost: [0n, 80n],
        });
      });

      it('keeps users apart', async () => {
        for (let index = 0; index < 5; index += 1) await admitted();
        expect((await refused()).scope).toBe('requests_per_minute');
        await admitted({ userId: 'other' });
      });

      it('forgets what it counted for a user who is erased, and for no other', async () => {
        for (const userId of ['gone', 'other']) {
          for (let index = 0; index < 5; index += 1) await admitted({ userId });
        }
        await store.erase('gone');
        expect((await standing('gone')).requests_per_minute).toEqual([0n, 0n]);
        expect((await standing('other')).requests_per_minute).toEqual([5n, 0n]);
      });

      it('says when there is room again, and there is', async () => {
        await admitted();
        clock.nowMs += 7_300;
        for (let index = 0; index < 4; index += 1) await admitted();
        clock.nowMs += 10;
        const { resetAt } = await refused();
        clock.nowMs = resetAt.getTime() - 1;
        await refused();
        clock.nowMs += 1;
        await admitted();
        await refused();
      });

      it.each([0, 1, 250, 499, 999])(
        'forgets none before its minute is over (%i ms past the hour)',
        async (ms) => {
          clock.nowMs += ms;
          for (let index = 0; index < 5; index += 1) await admitted();
          clock.nowMs += MINUTE - 1;
          await refused();
          clock.nowMs += 1_001;
          await admitted();
        },
      );

      it('counts a run once, however often it asks', async () => {
        const id = await admitted();
        await admitted({ id });
        await admitted({ id, requests: 0 });
        expect((await standing()).requests_per_minute).toEqual([1n, 0n]);
      });

      it('lets a run that goes on do so when there are too many requests', async () => {
        const id = await admitted();
        for (let index = 0; index < 4; index += 1) await admitted();
        await admitted({ id, requests: 0, used: tokens(10), next: tokens(10) });
      });

      it('takes nothing for a request that is refused', async () => {
        for (let index = 0; index < 5; index += 1) await admitted();
        const before = await standing();
        const id = v7();
        await refused({ id, next: { tokens: 10, cost: 10n } });
        expect(await standing()).toEqual(before);
        await store.settle(id, 'u', { tokens: 10, cost: 10n });
        expect(await standing()).toEqual(before);
      });
    });

    describe('counts tokens', () => {
      it('holds them until it is known what was used', async () => {
        const id = await admitted({ next: tokens(900) });
        expect((await refused({ next: tokens(200) })).scope).toBe('tokens_per_minute');
        await store.settle(id, 'u', tokens(100));
        await admitted({ next: tokens(200) });
        expect((await standing()).tokens_per_minute).toEqual([100n, 200n]);
      });

      it('holds them as long as the reservation lives, and counts them for a minute after their use', async () => {
        const id = await admitted({ next: tokens(900) });
        clock.nowMs += 10 * MINUTE;
        await refused({ next: tokens(200) });
        await store.settle(id, 'u', tokens(900));
        clock.nowMs += MINUTE - 1;
        const { resetAt } = await refused({ next: tokens(200) });
        clock.nowMs = resetAt.getTime();
        await admitted({ next: tokens(200) });
      });

      it('charges what is new at each renewal, and holds what is next', async () => {
        const id = await admitted({ next: tokens(300) });
        await admitted({ id, requests: 0, used: tokens(200), next: tokens(400) });
        expect((await standing()).tokens_per_minute).toEqual([200n, 400n]);
        await admitted({ id, requests: 0, used: tokens(250), next: tokens(750) });
        expect((await standing()).tokens_per_minute).toEqual([250n, 750n]);
        await store.settle(id, 'u', tokens(300));
        expect((await standing()).tokens_per_minute).toEqual([300n, 0n]);
      });

      it('does not take back what an owner does not know of', async () => {
        const id = await admitted({ next: tokens(300) });
        await admitted({ id, requests: 0, used: { tokens: 200, cost: 20n } });
        await admitted({ id, requests: 0, used: { tokens: 50, cost: 5n } });
        await store.settle(id, 'u', { tokens: 210, cost: 21n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [210n, 0n], daily_cost: [21n, 0n] });
      });

      it('charges what a refused renewal has used, and holds nothing for it any more', async () => {
        const id = await admitted({ next: { tokens: 300, cost: 30n } });
        const other = await admitted({ next: tokens(600) });
        const refusal = await refused({
          id,
          requests: 0,
          used: { tokens: 200, cost: 20n },
          next: { tokens: 201, cost: 0n },
        });
        expect(refusal).toMatchObject({ scope: 'tokens_per_minute', used: 200n, reserved: 600n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [200n, 600n], daily_cost: [20n, 0n] });
        await store.release(other, 'u');
        await store.settle(id, 'u', { tokens: 200, cost: 20n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [200n, 0n], daily_cost: [20n, 0n] });
      });

      it('charges what exceeds the reservation all the same', async () => {
        await store.settle(await admitted({ next: tokens(10) }), 'u', tokens(990));
        await refused({ next: tokens(20) });
        await store.settle(await admitted({ next: tokens(10) }), 'u', tokens(500));
        expect((await standing()).tokens_per_minute).toEqual([1490n, 0n]);
      });

      it('lets a client wait at most a minute for what others hold', async () => {
        await admitted({ next: tokens(900) });
        const { resetAt } = await refused({ next: tokens(200) });
        expect(resetAt.getTime() - clock.nowMs).toBeGreaterThan(0);
        expect(resetAt.getTime() - clock.nowMs).toBeLessThanOrEqual(MINUTE + 1_000);
      });
    });

    describe('counts money', () => {
      it('holds what may be spent, charges what was, and does both to the installation too', async () => {
        const id = await admitted({ next: cost(60n) });
        expect(await money()).toEqual({ day: [0n, 60n], month: [0n, 60n], installation: [0n, 60n] });
        expect((await refused({ next: cost(41n) })).scope).toBe('daily_cost');
        await admitted({ id, requests: 0, used: cost(10n), next: cost(90n) });
        expect(await money()).toEqual({ day: [10n, 90n], month: [10n, 90n], installation: [10n, 90n] });
        await store.settle(id, 'u', cost(70n));
        expect(await money()).toEqual({ day: [70n, 0n], month: [70n, 0n], installation: [70n, 0n] });
        expect(await money('other')).toEqual({ day: [0n, 0n], month: [0n, 0n], installation: [70n, 0n] });
      });

      it('is exact where a float is not', async () => {
        const limits = { requestsPerMinute: 5, tokensPerMinute: 1000, dailyCost: 10n ** 18n };
        const id = await admitted({ limits, next: cost(9_007_199_254_740_993n) });
        await store.settle(id, 'u', cost(9_007_199_254_740_995n));
        expect((await money()).day).toEqual([9_007_199_254_740_995n, 0n]);
      });

      it('refuses what costs nothing when the budget is used up', async () => {
        await store.settle(await admitted({ next: cost(100n) }), 'u', cost(100n));
        expect(await refused()).toMatchObject({
          scope: 'daily_cost',
          used: 100n,
          resetAt: new Date('2026-11-25T00:00:00Z'),
        });
      });

      it('refuses the renewal of a run that has used the budget up', async () => {
        const id = await admitted({ next: cost(50n) });
        expect((await refused({ id, requests: 0, used: cost(120n) })).scope).toBe('daily_cost');
        expect((await money()).day).toEqual([120n, 0n]);
      });

      it('names the scope that is whole last', async () => {
        await store.settle(await admitted(), 'u', { tokens: 1000, cost: 250n });
        expect(await refused({ next: tokens(1) })).toMatchObject({
          scope: 'monthly_cost',
          resetAt: new Date('2026-12-01T00:00:00Z'),
        });
      });

      it('has one budget for all users of the installation', async () => {
        const limits = { ...LIMITS, installationDailyCost: 150n };
        await admitted({ limits, next: cost(90n) });
        const refusal = await refused({ limits, userId: 'other', next: cost(61n) });
        expect(refusal).toMatchObject({ scope: 'installation_daily_cost', limit: 150n, reserved: 90n });
        await admitted({ limits, userId: 'other', next: cost(60n) });
      });

      it('has no ceiling where none is set, and still counts', async () => {
        const limits = { requestsPerMinute: 5, tokensPerMinute: 1000 };
        const id = await admitted({ limits, next: cost(500n) });
        expect((await store.read('u', limits)).map(({ scope }) => scope)).toEqual([
          'requests_per_minute',
          'tokens_per_minute',
        ]);
        await store.settle(id, 'u', cost(500n));
        expect((await refused()).scope).toBe('monthly_cost');
      });
    });

    describe('ends reservations', () => {
      it('gives a released request back whole, and settles or releases only once', async () => {
        const id = await admitted({ next: { tokens: 900, cost: 50n } });
        await store.release(id, 'u');
        await store.release(id, 'u');
        await store.settle(id, 'u', { tokens: 900, cost: 50n });
        for (const [used, reserved] of Object.values(await standing())) expect(used + reserved).toBe(0n);
      });

      it('settles once', async () => {
        const id = await admitted({ next: { tokens: 900, cost: 50n } });
        await Promise.all([1, 2, 3].map(() => store.settle(id, 'u', { tokens: 100, cost: 10n })));
        expect(await standing()).toMatchObject({ tokens_per_minute: [100n, 0n], daily_cost: [10n, 0n] });
      });

      it('does nothing for a run that it does not know', async () => {
        await store.settle(v7(), 'u', { tokens: 100, cost: 10n });
        await store.release(v7(), 'u');
        for (const [used, reserved] of Object.values(await standing())) expect(used + reserved).toBe(0n);
      });

      it('takes what an unknown run has used before as charged, and holds what is next', async () => {
        const id = await admitted({
          requests: 0,
          used: { tokens: 700, cost: 70n },
          next: { tokens: 50, cost: 5n },
        });
        expect(await standing()).toMatchObject({
          requests_per_minute: [0n, 0n],
          tokens_per_minute: [0n, 50n],
          daily_cost: [0n, 5n],
        });
        await store.settle(id, 'u', { tokens: 720, cost: 72n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [20n, 0n], daily_cost: [2n, 0n] });
      });

      it('lets an older owner charge what it has used, and neither release nor forget what a newer one holds', async () => {
        const id = await admitted({ next: { tokens: 100, cost: 10n } });
        await admitted({ id, requests: 0, epoch: 2, next: { tokens: 300, cost: 30n } });
        const held = {
          tokens_per_minute: [0n, 300n],
          daily_cost: [0n, 30n],
          installation_daily_cost: [0n, 30n],
        };
        await store.settle(id, 'u', NOTHING);
        await store.release(id, 'u', 1);
        expect(await standing()).toMatchObject({ requests_per_minute: [1n, 0n], ...held });
        await store.settle(id, 'u', { tokens: 40, cost: 4n }, 1);
        expect(await standing()).toMatchObject({ tokens_per_minute: [40n, 300n], daily_cost: [4n, 30n] });
        const late = { id, requests: 0 as const, epoch: 1, used: { tokens: 50, cost: 5n } };
        await expect(ask({ ...late, next: tokens(1) })).rejects.toBeInstanceOf(ReservationFenced);
        expect(await standing()).toMatchObject({ tokens_per_minute: [50n, 300n], daily_cost: [5n, 30n] });
        await store.settle(id, 'u', { tokens: 90, cost: 9n }, 2);
        expect(await standing()).toMatchObject({
          tokens_per_minute: [90n, 0n],
          daily_cost: [9n, 0n],
          installation_daily_cost: [9n, 0n],
        });
      });

      it('gives back what nobody holds any more; what was charged stays', async () => {
        const id = await admitted({ next: { tokens: 500, cost: 50n }, expiresInMs: 10 * MINUTE });
        await admitted({
          id,
          requests: 0,
          used: { tokens: 100, cost: 10n },
          next: { tokens: 500, cost: 50n },
          expiresInMs: MINUTE,
        });
        clock.nowMs += MINUTE - 1;
        expect(await standing()).toMatchObject({ tokens_per_minute: [100n, 500n], daily_cost: [10n, 50n] });
        clock.nowMs += 1;
        expect(await standing()).toMatchObject({ daily_cost: [10n, 0n], monthly_cost: [10n, 0n] });
        expect((await standing()).tokens_per_minute[1]).toBe(0n);
      });

      it('gives it back to the installation too, also when its user does not come again', async () => {
        await admitted({ next: cost(50n), expiresInMs: MINUTE });
        clock.nowMs += MINUTE + 1_000;
        expect((await money('other')).installation).toEqual([0n, 0n]);
      });

      it('keeps what is held for as long as it is renewed, and gives it back when nobody does', async () => {
        const id = await admitted({ next: cost(60n), expiresInMs: 10_000 });
        for (let renewal = 0; renewal < 5; renewal += 1) {
          clock.nowMs += 8_000;
          await store.renew('u', [id, v7()], 10_000);
        }
        expect((await money()).day).toEqual([0n, 60n]);
        clock.nowMs += 10_001;
        expect((await money()).day).toEqual([0n, 0n]);
        await store.renew('u', [id], 10_000);
        expect((await money()).day).toEqual([0n, 0n]);
      });

      it('charges what a run uses that goes on after its reservation expired', async () => {
        const [settling, renewing] = await Promise.all([
          admitted({ next: { tokens: 100, cost: 10n }, expiresInMs: MINUTE }),
          admitted({ next: { tokens: 100, cost: 10n }, expiresInMs: MINUTE }),
        ]);
        const admittedAt = clock.now();
        clock.nowMs += 2 * MINUTE;
        ledger.put('u', settling, admittedAt, { used: { tokens: 100, cost: 10n }, isOpen: false });
        await store.settle(settling, 'u', { tokens: 100, cost: 10n });
        ledger.put('u', renewing, admittedAt, { used: { tokens: 50, cost: 5n } });
        await admitted({
          id: renewing,
          requests: 0,
          used: { tokens: 50, cost: 5n },
          next: { tokens: 10, cost: 1n },
        });
        expect(await standing()).toMatchObject({ tokens_per_minute: [150n, 10n], daily_cost: [15n, 1n] });
      });
    });

    describe('knows the calendar of UTC', () => {
      it('charges the day and the month in which the run was first reserved', async () => {
        clock.nowMs = Date.UTC(2026, 10, 30, 23, 59, 59);
        const id = await admitted({ next: cost(40n) });
        clock.nowMs = Date.UTC(2026, 11, 1, 0, 0, 1);
        await admitted({ id, requests: 0, used: cost(20n), next: cost(20n) });
        await store.settle(id, 'u', cost(40n));
        expect(await money()).toEqual({ day: [0n, 0n], month: [0n, 0n], installation: [0n, 0n] });
      });

      it('does not let a run spend more than its own day had left when it goes on into the next', async () => {
        clock.nowMs = Date.UTC(2026, 10, 24, 23, 59, 59);
        const id = await admitted({ next: cost(40n) });
        clock.nowMs = Date.UTC(2026, 10, 25, 0, 0, 1);
        await admitted({ id, requests: 0, used: cost(40n), next: cost(60n) });
        const refusal = await refused({ id, requests: 0, used: cost(50n), next: cost(51n) });
        expect(refusal).toMatchObject({ scope: 'daily_cost', resetAt: new Date('2026-11-25T00:00:00Z') });
        expect(await money()).toMatchObject({ day: [0n, 0n], month: [50n, 0n] });
        await admitted({ next: cost(100n) });
      });

      it('keeps a month when its days change', async () => {
        for (const day of [1, 2, 15, 30]) {
          clock.nowMs = Date.UTC(2026, 10, day, 12);
          await store.settle(await admitted({ next: cost(60n) }), 'u', cost(60n));
          expect((await money()).day).toEqual([60n, 0n]);
        }
        expect((await money()).month).toEqual([240n, 0n]);
        expect((await refused({ next: cost(20n) })).scope).toBe('monthly_cost');
      });

      it.each([
        ['2026-02-28', '2026-03-01'],
        ['2028-02-28', '2028-02-29'],
        ['2028-02-29', '2028-03-01'],
        ['2100-02-28', '2100-03-01'],
        ['2026-04-30', '2026-05-01'],
        ['2026-07-31', '2026-08-01'],
        ['2026-12-31', '2027-01-01'],
        ['2026-03-29', '2026-03-30'],
      ])('ends %s at midnight; %s follows', async (last, next) => {
        clock.nowMs = Date.parse(`${last}T23:59:59.999Z`);
        await store.settle(await admitted({ next: cost(50n) }), 'u', cost(50n));
        const before = await store.read('u', LIMITS);
        expect(before[2]).toMatchObject({ used: 50n, resetAt: new Date(`${next}T00:00:00Z`) });
        clock.nowMs += 1;
        const after = await store.read('u', LIMITS);
        const isSameMonth = last.slice(0, 7) === next.slice(0, 7);
        expect(after[2]).toMatchObject({ used: 0n, resetAt: new Date(clock.nowMs + 24 * HOUR) });
        expect(after[3]).toMatchObject({ used: isSameMonth ? 50n : 0n });
        const endOfMonth = before[3]!.resetAt.getTime();
        if (isSameMonth) expect(endOfMonth).toBe(after[3]!.resetAt.getTime());
        else expect(endOfMonth).toBe(clock.nowMs);
      });
    });

    describe('begins with what the ledger has', () => {
      it('knows what was spent before, and what open runs hold', async () => {
        const yesterday = new Date(clock.nowMs - 24 * HOUR);
        const lastMonth = new Date(clock.nowMs - 30 * 24 * HOUR);
        ledger.put('u', v7(), clock.now(), { used: cost(10n), isOpen: false });
        ledger.put('u', v7(), yesterday, { used: cost(30n), isOpen: false });
        ledger.put('u', v7(), lastMonth, { used: cost(200n), isOpen: false });
        ledger.put('u', v7(), clock.now(), { used: cost(5n), next: { tokens: 300, cost: 7n } });
        ledger.put('other', v7(), clock.now(), { used: cost(400n), next: cost(20n) });
        expect(await standing()).toEqual({
          requests_per_minute: [0n, 0n],
          tokens_per_minute: [0n, 300n],
          daily_cost: [15n, 7n],
          monthly_cost: [45n, 7n],
          installation_daily_cost: [415n, 27n],
        });
        expect((await refused({ next: cost(79n) })).scope).toBe('daily_cost');
        await admitted({ next: cost(78n) });
      });

      it('charges an open run what it uses from there on', async () => {
        const id = v7();
        const used = { tokens: 70, cost: 7n };
        ledger.put('u', id, clock.now(), { used, next: { tokens: 100, cost: 10n } });
        await admitted({ id, requests: 0, used, next: { tokens: 40, cost: 4n } });
        expect(await standing()).toMatchObject({ tokens_per_minute: [0n, 40n], daily_cost: [7n, 4n] });
        await store.settle(id, 'u', { tokens: 90, cost: 9n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [20n, 0n], daily_cost: [9n, 0n] });
        expect((await money()).installation).toEqual([9n, 0n]);
      });

      it('gives back what an open run holds that never comes', async () => {
        const [admittedAt, runs] = [clock.now(), { u: v7(), away: v7() }];
        for (const [userId, id] of Object.entries(runs))
          ledger.put(userId, id, admittedAt, { used: cost(5n), next: cost(10n) });
        expect(await money()).toMatchObject({ day: [5n, 10n], installation: [10n, 20n] });
        clock.nowMs += 2 * HOUR;
        // Somebody has found that nobody drives them: until then a store that asks again lets them hold it.
        for (const [userId, id] of Object.entries(runs))
          ledger.put(userId, id, admittedAt, { used: cost(5n), isOpen: false });
        expect(await money()).toMatchObject({ day: [5n, 0n], installation: [10n, 0n] });
      });

      it('asks it once, however many come at once, and not again', async () => {
        await Promise.all(Array.from({ length: 5 }, () => admitted()));
        await standing();
        // Of the user and of the installation.
        expect(ledger.reads).toBe(2);
        await standing('other');
        expect(ledger.reads).toBe(3);
      });

      it('knows from the ledger whose a run is', async () => {
        const id = v7();
        ledger.put('u', id, clock.now(), { epoch: 3, used: cost(5n), next: cost(10n) });
        await admitted();
        await store.settle(id, 'u', cost(5n), 2);
        expect(await money()).toMatchObject({ day: [5n, 10n], installation: [5n, 10n] });
        await store.settle(id, 'u', cost(8n), 3);
        expect(await money()).toMatchObject({ day: [8n, 0n], installation: [8n, 0n] });
      });

      it('keeps what the present owner holds when an older one settles while the ledger is read', async () => {
        const id = v7();
        ledger.put('u', id, clock.now(), { epoch: 3, used: cost(5n), next: cost(10n) });
        let late: Promise<unknown> | undefined;
        ledger.delay = () => {
          late ??= store.settle(id, 'u', cost(7n), 1);
          return turn();
        };
        await admitted();
        await late;
        ledger.delay = turn;
        expect(await money()).toMatchObject({ day: [7n, 10n], installation: [7n, 10n] });
        await store.settle(id, 'u', cost(9n), 3);
        expect(await money()).toMatchObject({ day: [9n, 0n], installation: [9n, 0n] });
      });

      it('charges a run that ends between the reading of the ledger and its arrival', async () => {
        const [settled, released] = [v7(), v7()];
        for (const id of [settled, released, v7()])
          ledger.put('u', id, clock.now(), { used: cost(10n), next: cost(5n) });
        let ends: Promise<unknown> | undefined;
        ledger.delay = () => {
          // Both books are being read by now.
          if (ends || ledger.reads < 2) return turn();
          ledger.put('u', settled, clock.now(), { used: cost(15n), isOpen: false });
          ledger.put('u', released, clock.now(), { used: cost(10n), isOpen: false });
          ends = Promise.all([store.settle(settled, 'u', cost(15n)), store.release(released, 'u')]);
          return turn();
        };
        await admitted({ next: cost(1n) });
        await ends;
        expect(await money()).toEqual({ day: [35n, 6n], month: [35n, 6n], installation: [35n, 6n] });
      });

      it('knows what the installation was charged for a run whose user is loaded later', async () => {
        const id = v7();
        ledger.put('late', id, clock.now(), { used: cost(3n), next: cost(10n) });
        await admitted();
        ledger.put('late', id, clock.now(), { used: cost(8n), next: cost(10n) });
        await admitted({ id, userId: 'late', requests: 0, used: cost(8n), next: cost(10n) });
        await store.settle(id, 'late', cost(9n));
        expect(await money('late')).toMatchObject({ day: [9n, 0n], installation: [9n, 0n] });
      });

      it('charges the installation also when the run ends before its user is loaded', async () => {
        const id = v7();
        ledger.put('late', id, clock.now(), { used: cost(3n), next: cost(10n) });
        await admitted();
        ledger.put('late', id, clock.now(), { used: cost(8n), isOpen: false });
        await store.settle(id, 'late', cost(8n));
        expect(await money('late')).toMatchObject({ day: [8n, 0n], installation: [8n, 0n] });
      });

      it('lets a run that goes on from an old month stay with that', async () => {
        clock.nowMs = Date.UTC(2026, 10, 30, 23, 59, 59);
        const admittedAt = clock.now();
        const next = { tokens: 100, cost: 10n };
        const id = await admitted({ next });
        clock.nowMs += 2_000;
        const used = { tokens: 60, cost: 6n };
        ledger.put('u', id, admittedAt, { used, next });
        await admitted({ id, requests: 0, used, next: { tokens: 40, cost: 4n } });
        expect(await standing()).toMatchObject({ tokens_per_minute: [60n, 40n] });
        expect(await money()).toEqual({ day: [0n, 0n], month: [0n, 0n], installation: [0n, 0n] });
        await store.settle(id, 'u', { tokens: 80, cost: 8n });
        expect(await standing()).toMatchObject({ tokens_per_minute: [80n, 0n] });
        expect(await money()).toEqual({ day: [0n, 0n], month: [0n, 0n], installation: [0n, 0n] });
      });

      it('counts a run of the old month once that ends while the new month is begun', async () => {
        clock.nowMs = Date.UTC(2026, 10, 30, 23, 59, 59);
        const admittedAt = clock.now();
        const id = await admitted({ next: { tokens: 100, cost: 10n } });
        clock.nowMs += 2_000;
        ledger.put('u', id, admittedAt, { used: { tokens: 60, cost: 6n }, next: { tokens: 100, cost: 10n } });
        const used = { tokens: 80, cost: 8n };
        let end: Promise<void> | undefined;
        ledger.delay = () => {
          end ??= store.settle(id, 'u', used);
          return turn();
        };
        await admitted();
        await (end ?? store.settle(id, 'u', used));
        expect(await standing()).toMatchObject({ tokens_per_minute: [80n, 0n], daily_cost: [0n, 0n] });
      });

      it('cannot say what is left when the ledger cannot, and can again', async () => {
        ledger.delay = () => Promise.reject(new Error('no connection'));
        await expect(ask()).rejects.toBeInstanceOf(QuotaStoreUnavailable);
        await expect(store.read('u', LIMITS)).rejects.toBeInstanceOf(QuotaStoreUnavailable);
        await store.settle(v7(), 'u', NOTHING);
        ledger.delay = () => Promise.resolve();
        await admitted();
      });
    });

    it('never lets more than the limit through in any minute, however long it is held before it is used', async () => {
      const step = fc.record({
        waitMs: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 59_000, max: 60_500 })),
        next: fc.integer({ min: 0, max: 700 }),
        renewals: fc.array(
          fc.record({
            afterMs: fc.integer({ min: 0, max: 90_000 }),
            usedPercent: fc.integer({ min: 0, max: 100 }),
            usedAtPercent: fc.integer({ min: 0, max: 100 }),
            next: fc.integer({ min: 0, max: 700 }),
          }),
          { maxLength: 3 },
        ),
        isReleased: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
          const own = create(new FakeLedger());
          const limits = { requestsPerMinute: 5, tokensPerMinute: 1000 };
          const requests: number[] = [];
          const usages: { atMs: number; tokens: number }[] = [];
          interface Live {
            id: string;
            dueMs: number;
            sinceMs: number;
            held: number;
            used: number;
            step: number;
            of: (typeof steps)[number];
          }
          let live: Live[] = [];
          /** Lets what is held end, in the order of time, up to a moment. */
          const advance = async (toMs: number): Promise<void> => {
            for (;;) {
              const due = live.filter(({ dueMs }) => dueMs <= toMs).sort((a, b) => a.dueMs - b.dueMs)[0];
              if (!due) break;
              own.clock.nowMs = due.dueMs;
              const renewal = due.of.renewals[due.step]!;
              const count = Math.floor((due.held * renewal.usedPercent) / 100);
              // It was used at some moment while it was held.
              const atMs =
                due.sinceMs + Math.floor(((due.dueMs - due.sinceMs) * renewal.usedAtPercent) / 100);
              usages.push({ atMs, tokens: count });
              due.used += count;
              due.step += 1;
              const following = due.of.renewals[due.step];
              if (!following) {
                await own.store.settle(due.id, 'u', tokens(due.used));
                live = live.filter((other) => other !== due);
                continue;
              }
              const outcome = await own.store.reserve(
                request({
                  id: due.id,
                  limits,
                  requests: 0,
                  used: tokens(due.used),
                  next: tokens(renewal.next),
                }),
              );
              due.held = outcome.admitted ? renewal.next : 0;
              due.sinceMs = due.dueMs;
              due.dueMs += following.afterMs;
            }
            own.clock.nowMs = toMs;
          };
          for (const each of steps) {
            await advance(own.clock.nowMs + each.waitMs);
            const asked = request({ limits, next: tokens(each.next) });
            const nowMs = own.clock.nowMs;
            if (!(await own.store.reserve(asked)).admitted) continue;
            const first = each.renewals[0];
            if (first) {
              requests.push(nowMs);
              live.push({
                id: asked.id,
                dueMs: nowMs + first.afterMs,
                sinceMs: nowMs,
                held: each.next,
                used: 0,
                step: 0,
                of: each,
              });
            } else if (each.isReleased) await own.store.release(asked.id, 'u');
            else {
              requests.push(nowMs);
              usages.push({ atMs: nowMs, tokens: each.next });
              await own.store.settle(asked.id, 'u', tokens(each.next));
            }
          }
          await advance(own.clock.nowMs + 10 * MINUTE);
          const within = (fromMs: number, atMs: number): boolean => atMs >= fromMs && atMs < fromMs + MINUTE;
          for (const fromMs of requests)
            expect(requests.filter((atMs) => within(fromMs, atMs)).length).toBeLessThanOrEqual(5);
          for (const { atMs: fromMs } of usages) {
            const sum = usages.reduce(
              (total, { atMs, tokens: count }) => total + (within(fromMs, atMs) ? count : 0),
              0,
            );
            expect(sum).toBeLessThanOrEqual(1000);
          }
        }),
        { numRuns: propertyRuns },
      );
    });
  });
}
