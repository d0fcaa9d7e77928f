import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { v7 } from 'uuid';
import {
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  QuotaStoreUnavailable,
  type SpendingLedger,
} from '../../../../src/modules/rate-limit/quota-store.js';
import {
  RedisQuotaStore,
  type RedisQuotaStoreOptions,
} from '../../../../src/modules/rate-limit/redis/redis-quota-store.js';
import { describeQuotaStore, TestClock } from '../../../contracts/describe-quota-store.js';
import { KeptLog } from '../../../support/a-logger.js';
import { FakeLedger } from '../../../support/fake-ledger.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../../../support/servers/own-redis.js';
import { describeWithRedis } from '../../../support/servers/test-redis.js';
import { until } from '../../../support/until.js';

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };
const PLENTY: QuotaLimits = {
  requestsPerMinute: 1_000_000,
  tokensPerMinute: 1_000_000_000,
  dailyCost: 10n ** 15n,
  monthlyCost: 10n ** 15n,
  installationDailyCost: 10n ** 15n,
};
const aRequest = (overrides: Partial<QuotaRequest> = {}): QuotaRequest => ({
  id: v7(),
  userId: 'u',
  limits: PLENTY,
  requests: 1,
  used: NOTHING,
  next: NOTHING,
  expiresInMs: 3_600_000,
  ...overrides,
});
const cost = (pico: bigint): QuotaAmount => ({ tokens: 0, cost: pico });

/** A replica of its own: what it knows it knows from Redis and from the ledger. */
async function aReplica(
  url: string,
  ledger: SpendingLedger,
  options?: RedisQuotaStoreOptions,
): Promise<{ store: RedisQuotaStore; redis: Redis; log: KeptLog }> {
  const redis = new Redis(url, {
    commandTimeout: 250,
    connectTimeout: 250,
    socketTimeout: 250,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 20,
  });
  redis.on('error', () => undefined);
  const log = new KeptLog();
  const store = new RedisQuotaStore(redis, ledger, log.logger, options);
  await until(() => redis.status === 'ready');
  return { store, redis, log };
}

/** Lets others go first, so many times. */
async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn();
}

/** Used and reserved, by scope, in numbers. */
async function standing(
  store: RedisQuotaStore,
  userId = 'u',
): Promise<Record<string, [used: number, reserved: number]>> {
  const states = await store.read(userId, PLENTY);
  return Object.fromEntries(
    states.map(({ scope, used, reserved }) => [scope, [Number(used), Number(reserved)]]),
  );
}

describeWithRedis(RedisQuotaStore.name, (url) => {
  const prefix = `perch-test:${v7()}`;
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(url);
  });
  afterAll(async () => {
    for await (const keys of redis.scanStream({ match: `{${prefix}*`, count: 1_000 }))
      if ((keys as string[]).length > 0) await redis.unlink(keys as string[]);
    redis.disconnect();
  });

  let stores = 0;
  describeQuotaStore(
    RedisQuotaStore.name,
    (ledger) => {
      const clock = new TestClock();
      stores += 1;
      const options = { prefix: `${prefix}:${stores}`, nowMs: () => clock.nowMs };
      return { clock, store: new RedisQuotaStore(redis, ledger, new KeptLog().logger, options) };
    },
    { propertyRuns: 100 },
  );

  it('goes by the time of Redis', async () => {
    const store = new RedisQuotaStore(redis, new FakeLedger(), new KeptLog().logger, {
      prefix: `${prefix}:time`,
    });
    const redisMs = async (): Promise<number> => Number((await redis.time())[0]) * 1_000;
    const beforeMs = await redisMs();
    const outcome = await store.reserve(aRequest({ next: { tokens: 1, cost: 1n } }));
    const afterMs = await redisMs();
    const [requests, , day] = outcome.states;
    expect(requests!.resetAt.getTime()).toBeGreaterThanOrEqual(beforeMs + 60_000);
    expect(requests!.resetAt.getTime()).toBeLessThanOrEqual(afterMs + 62_000);
    expect(day!.resetAt.getTime()).toBeGreaterThan(beforeMs);
    expect(day!.resetAt.getTime()).toBeLessThanOrEqual(afterMs + 24 * 3_600_000);
    expect(day!.resetAt.getTime() % (24 * 3_600_000)).toBe(0);
  });

  it('keeps little, all of it for a bounded time and in one slot of a cluster', async () => {
    const clock = new TestClock();
    const own = `${prefix}:bounded`;
    const store = new RedisQuotaStore(redis, new FakeLedger(), new KeptLog().logger, {
      prefix: own,
      nowMs: () => clock.nowMs,
    });
    const keysThere = (): Promise<string[]> => redis.keys(`*${own}*`);
    await store.reserve(aRequest({ next: { tokens: 10, cost: 10n }, expiresInMs: 60_000 }));
    // A request every third of a second, for days of which every hour has some.
    for (let index = 0; index < 600; index += 1) {
      clock.nowMs += index % 300 === 299 ? 36 * 3_600_000 : 333;
      const request = aRequest({ next: { tokens: 10, cost: 10n } });
      await store.reserve(request);
      await store.settle(request.id, 'u', { tokens: 5, cost: 5n });
    }
    const keys = await keysThere();
    expect(keys.length).toBeLessThanOrEqual(6);
    for (const key of keys) {
      expect(key.startsWith(`{${own}}:`)).toBe(true);
      expect(await redis.pttl(key)).toBeGreaterThan(0);
      if (key.endsWith('requests') || key.endsWith('tokens'))
        expect(await redis.hlen(key)).toBeLessThanOrEqual(124);
    }
    for (const book of [`{${own}}:user:u`, `{${own}}:all`]) {
      const fields = await redis.hkeys(book);
      expect(fields.filter((field) => /^(run|ended):/.test(field))).toEqual([]);
      expect(fields.length).toBeLessThanOrEqual(16);
    }
  });
});

describeWithOwnRedis(
  `${RedisQuotaStore.name}, several replicas on one Redis that may lose its memory`,
  () => {
    let server: OwnRedis;
    let ledger: FakeLedger;
    let clock: TestClock;
    const LIFETIME_MS = 10_000;
    let replicas: Awaited<ReturnType<typeof aReplica>>[];
    beforeAll(async () => {
      server = await startOwnRedis();
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      await server.flush();
      ledger = new FakeLedger();
      clock = new TestClock();
      const options = { nowMs: () => clock.nowMs, restoredForMs: LIFETIME_MS };
      replicas = await Promise.all([1, 2, 3].map(() => aReplica(server.url, ledger, options)));
    });
    afterEach(() => {
      for (const { redis } of replicas) redis.disconnect();
    });

    const some = (index: number): RedisQuotaStore => replicas[index % replicas.length]!.store;

    it('admits exactly 100 of 1,000 at once over all of them', async () => {
      const limits = { ...PLENTY, requestsPerMinute: 100 };
      const outcomes = await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => some(index).reserve(aRequest({ limits }))),
      );
      expect(outcomes.filter(({ admitted }) => admitted)).toHaveLength(100);
    });

    it('admits of the first eight at once what the ledger leaves room for', async () => {
      ledger.put('u', v7(), clock.now(), { used: cost(60n), isOpen: false });
      ledger.put('u', v7(), clock.now(), { used: cost(5n), next: cost(5n) });
      const limits = { ...PLENTY, dailyCost: 100n };
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => some(index).reserve(aRequest({ limits, next: cost(10n) }))),
      );
      expect(outcomes.filter(({ admitted }) => admitted)).toHaveLength(3);
      expect((await standing(some(0))).daily_cost).toEqual([65, 35]);
    });

    it('reads the ledger once per replica, however many wait for it', async () => {
      ledger.delay = () => turns(100);
      await Promise.all(
        Array.from({ length: 60 }, (_, index) => some(index).reserve(aRequest({ next: cost(1n) }))),
      );
      expect(ledger.reads).toBeLessThanOrEqual(2 * replicas.length);
      const { reads } = ledger;
      await some(0).reserve(aRequest());
      await some(1).reserve(aRequest({ userId: 'other' }));
      expect(ledger.reads).toBe(reads + 1);
    });

    it('settles on one replica what another one has reserved', async () => {
      const request = aRequest({ next: { tokens: 100, cost: 10n } });
      await some(0).reserve(request);
      await some(1).settle(request.id, 'u', { tokens: 60, cost: 6n });
      expect(await standing(some(2))).toMatchObject({ tokens_per_minute: [60, 0], daily_cost: [6, 0] });
    });

    it('has after a loss what the ledger has, and what open runs hold', async () => {
      const request = aRequest({ next: { tokens: 100, cost: 10n } });
      await some(0).reserve(request);
      ledger.put('u', request.id, clock.now(), {
        used: { tokens: 60, cost: 6n },
        next: { tokens: 100, cost: 10n },
      });
      ledger.put('u', v7(), clock.now(), { used: cost(20n), isOpen: false });
      ledger.put('other', v7(), clock.now(), { used: cost(300n), isOpen: false });
      await server.flush();
      expect(await standing(some(1))).toEqual({
        requests_per_minute: [0, 0],
        tokens_per_minute: [0, 100],
        daily_cost: [26, 10],
        monthly_cost: [26, 10],
        installation_daily_cost: [326, 10],
      });
    });

    it('lets a run go on whose reservation was lost, and counts all that it uses, once', async () => {
      const request = aRequest({ next: cost(10n) });
      await some(0).reserve(request);
      const used = (pico: bigint): void =>
        ledger.put('u', request.id, clock.now(), { used: cost(pico), next: cost(10n) });
      used(6n);
      await server.flush();
      expect(
        await some(1).reserve({ ...request, requests: 0, used: cost(6n), next: cost(10n) }),
      ).toMatchObject({ admitted: true });
      expect(await standing(some(0))).toMatchObject({
        daily_cost: [6, 10],
        installation_daily_cost: [6, 10],
      });
      used(11n);
      await server.flush();
      await some(2).settle(request.id, 'u', cost(11n));
      ledger.put('u', request.id, clock.now(), { used: cost(11n), isOpen: false });
      expect(await standing(some(0))).toMatchObject({
        daily_cost: [11, 0],
        installation_daily_cost: [11, 0],
      });
    });

    it('loads again when the memory, or the month, ends while the ledger is read', async () => {
      clock.nowMs = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
      ledger.put('u', v7(), clock.now(), { used: cost(10n), isOpen: false });
      const happenings = [() => server.flush(), () => Promise.resolve(void (clock.nowMs += 1))];
      ledger.delay = () => happenings.shift()?.() ?? Promise.resolve();
      expect(await some(0).reserve(aRequest({ next: cost(1n) }))).toMatchObject({ admitted: true });
      expect(happenings).toEqual([]);
      expect(await standing(some(0))).toMatchObject({ daily_cost: [0, 1], monthly_cost: [0, 1] });
    });

    it('gives up when the memory is lost over and over', async () => {
      ledger.delay = () => server.flush();
      await expect(some(0).reserve(aRequest())).rejects.toBeInstanceOf(QuotaStoreUnavailable);
      ledger.delay = () => Promise.resolve();
      expect(await some(0).reserve(aRequest())).toMatchObject({ admitted: true });
    });

    it('cannot say what is left when the ledger cannot', async () => {
      const broken = new FakeLedger();
      broken.delay = () => Promise.reject(new Error('no connection'));
      const replica = await aReplica(server.url, broken, { nowMs: () => clock.nowMs });
      replicas.push(replica);
      await expect(replica.store.reserve(aRequest())).rejects.toBeInstanceOf(QuotaStoreUnavailable);
      await expect(replica.store.read('u', PLENTY)).rejects.toBeInstanceOf(QuotaStoreUnavailable);
      broken.delay = () => Promise.resolve();
      expect(await replica.store.reserve(aRequest())).toMatchObject({ admitted: true });
      expect(replica.log.events().filter((event) => event !== 'quota.loaded')).toEqual([
        'quota.unavailable',
        'quota.available_again',
      ]);
    });

    it('charges what an owner had spent that died before it could say so', async () => {
      const admittedAt = clock.now();
      const next = { tokens: 20, cost: 20n };
      const [died, slow, young] = [aRequest({ next }), aRequest({ next }), aRequest({ next: cost(3n) })];
      for (const request of [died, slow]) await some(0).reserve({ ...request, expiresInMs: 10_000 });
      ledger.put('u', died.id, admittedAt, { used: cost(7n), isOpen: false });
      ledger.put('u', slow.id, admittedAt, { used: cost(5n), next });
      clock.nowMs += 9_000;
      // Reserved, and not in the database yet.
      await some(1).reserve(young);
      clock.nowMs += 1_001;
      const money = (spent: number, held: number) => ({
        daily_cost: [spent, held],
        monthly_cost: [spent, held],
        installation_daily_cost: [spent, held],
      });
      // Who may be alive holds what the ledger says again.
      expect(await standing(some(1))).toMatchObject(money(12, 23));
      // What it says too late is known; what is new is charged once, whoever says it.
      await some(0).settle(died.id, 'u', cost(7n));
      ledger.put('u', slow.id, admittedAt, { used: cost(9n), isOpen: false });
      await some(0).settle(slow.id, 'u', cost(9n));
      await some(2).settle(slow.id, 'u', cost(9n));
      expect(await standing(some(2))).toMatchObject(money(16, 3));
    });

    it('holds again what a run holds that outlived its reservation, while Redis was away with its memory kept', async () => {
      const admittedAt = clock.now();
      const limits = { ...PLENTY, dailyCost: 100n };
      const [alive, over] = [
        aRequest({ limits, next: { tokens: 9, cost: 60n } }),
        aRequest({ limits, next: cost(30n) }),
      ];
      for (const request of [alive, over]) await some(0).reserve({ ...request, expiresInMs: LIFETIME_MS });
      ledger.put('u', alive.id, admittedAt, { next: { tokens: 9, cost: 60n } });
      ledger.put('u', over.id, admittedAt, { next: cost(30n), isOpen: false });
      clock.nowMs += 2 * LIFETIME_MS;
      expect(await some(1).reserve(aRequest({ limits, next: cost(60n) }))).toMatchObject({
        admitted: false,
        refused: { scope: 'daily_cost', reserved: 60n },
      });
      expect(await standing(some(1))).toMatchObject({
        tokens_per_minute: [0, 9],
        daily_cost: [0, 60],
        installation_daily_cost: [0, 60],
      });
      // Its owner renews it from here on, or nobody does.
      clock.nowMs += LIFETIME_MS - 1;
      await some(0).renew('u', [alive.id], LIFETIME_MS);
      clock.nowMs += LIFETIME_MS - 1;
      expect((await standing(some(2))).daily_cost).toEqual([0, 60]);
      ledger.put('u', alive.id, admittedAt, { isOpen: false });
      clock.nowMs += 1;
      expect((await standing(some(2))).daily_cost).toEqual([0, 0]);
      expect(await some(1).reserve(aRequest({ limits, next: cost(60n) }))).toMatchObject({ admitted: true });
    });

    it('never loses a charge nor doubles one, whenever the memory is lost and whichever owner dies', async () => {
      // Chance decides what overtakes what.
      const pause = (most = 60): Promise<void> => turns(Math.random() * most);
      ledger.delay = () => pause(150);
      const run = async (userId: string, index: number): Promise<void> => {
        const next = { tokens: 20, cost: 20n };
        const request = aRequest({ userId, next, expiresInMs: LIFETIME_MS });
        const admittedAt = clock.now();
        await pause();
        ledger.put(userId, request.id, admittedAt, { next });
        expect(await some(index).reserve(request)).toMatchObject({ admitted: true });
        let used = NOTHING;
        const useMore = (): void => {
          const more = 1 + Math.floor(Math.random() * 30);
          used = { tokens: used.tokens + more, cost: used.cost + BigInt(more) };
        };
        for (let steps = Math.floor(Math.random() * 5); steps > 0; steps -= 1) {
          await pause();
          useMore();
          ledger.put(userId, request.id, admittedAt, { used, next });
          await some(index + steps).reserve({ ...request, requests: 0, used });
        }
        await pause();
        if (index % 3 > 0) useMore();
        ledger.put(userId, request.id, admittedAt, { used, isOpen: false });
        // Every sixth owner dies before it can settle.
        if (index % 6 !== 5) await some(index + 1).settle(request.id, userId, used);
      };
      for (let round = 0; round < 25; round += 1) {
        const users = [`a${round}`, `b${round}`];
        await Promise.all([
          ...Array.from({ length: 24 }, (_, index) => run(users[index % users.length]!, index)),
          pause(400).then(() => server.flush()),
        ]);
        clock.nowMs += LIFETIME_MS + 1;
        const all = Number((await ledger.installationSpending(clock.now(), [])).day);
        for (const userId of users) {
          const day = Number((await ledger.spendingOf(userId, clock.now(), [])).day);
          const now = await standing(some(round), userId);
          expect(now).toMatchObject({
            daily_cost: [day, 0],
            monthly_cost: [day, 0],
            installation_daily_cost: [all, 0],
          });
          expect(now.tokens_per_minute![1]).toBe(0);
        }
      }
    });
  },
);

describeWithOwnRedis(`${RedisQuotaStore.name}, when Redis goes away`, () => {
  let server: OwnRedis;
  let replica: Awaited<ReturnType<typeof aReplica>>;
  beforeEach(async () => {
    server = await startOwnRedis();
    replica = await aReplica(server.url, new FakeLedger());
  });
  afterEach(async () => {
    replica.redis.disconnect();
    await server.stop();
  });

  it.each(['pause', 'kill'] as const)(
    'says so within a bounded time, and is back by itself: %s',
    async (how) => {
      const { store, log } = replica;
      const request = aRequest({ next: cost(10n) });
      await store.reserve(request);
      await server[how]();
      const startedMs = performance.now();
      for (const call of [
        () => store.reserve(aRequest()),
        () => store.settle(request.id, 'u', NOTHING),
        () => store.release(request.id, 'u'),
        () => store.read('u', PLENTY),
      ])
        await expect(call()).rejects.toBeInstanceOf(QuotaStoreUnavailable);
      // The first waits for its time to be up, the others find no connection.
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      server.resume();
      await server.start();
      await until(async () => (await store.reserve(aRequest()).catch(() => undefined))?.admitted === true);
      expect(log.events().filter((event) => event !== 'quota.loaded')).toEqual([
        'quota.unavailable',
        'quota.available_again',
      ]);
    },
  );
});
