import { Redis } from 'ioredis';
import { ThrottleStorage } from '../../../../src/modules/rate-limit/throttle/throttle.storage.js';
import { RedisOrLocal } from '../../../../src/modules/rate-limit/throttle/redis-or-local.js';
import { systemClock } from '../../../../src/shared/context/clock.js';
import { KeptLog } from '../../../support/a-logger.js';
import { PASSWORD, startThrottledApp, type ThrottledApp } from '../../../support/http/throttled-app.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../../../support/servers/own-redis.js';
import { until } from '../../../support/until.js';

const THINGS = '/api/v1/things';
const HOME = '203.0.113.7';
const ADA = 'ada@example.com';
const MINUTE_MS = 60_000;
const TIMEOUT_MS = 30_000;

describeWithOwnRedis('limits before anybody is known, over several replicas', () => {
  let redis: OwnRedis;
  let admin: Redis;
  const opened: (() => unknown)[] = [];
  beforeAll(async () => {
    redis = await startOwnRedis();
    admin = new Redis(redis.url, { retryStrategy: () => 20 });
    admin.on('error', () => undefined);
  }, TIMEOUT_MS);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((close) => close()));
    redis.resume();
    await redis.start();
    await redis.flush();
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  async function aStorage(): Promise<ThrottleStorage> {
    const client = new Redis(redis.url, { enableOfflineQueue: false });
    client.on('error', () => undefined);
    opened.push(() => client.disconnect());
    await until(() => client.status === 'ready');
    const redisOrLocal = new RedisOrLocal(client, systemClock, new KeptLog().logger);
    return new ThrottleStorage(client, redisOrLocal, systemClock);
  }

  async function replicas(count: number, env: Readonly<Record<string, string>>): Promise<ThrottledApp[]> {
    const apps = await Promise.all(
      Array.from({ length: count }, () =>
        startThrottledApp({ REDIS_URL: redis.url, TRUSTED_PROXY_HOPS: '1', ...env }),
      ),
    );
    opened.push(...apps.map((app) => app.stop));
    const isReady = ({ log }: ThrottledApp): boolean => log.events().includes('redis.ready');
    await until(() => apps.every(isReady));
    return apps;
  }

  async function statuses(requests: readonly (() => Promise<Response>)[]): Promise<Record<number, number>> {
    const counts: Record<number, number> = {};
    const answers = await Promise.all(requests.map((request) => request()));
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  it('let exactly 100 of 1,000 simultaneous hits through, over four storages', async () => {
    const storages = await Promise.all([aStorage(), aStorage(), aStorage(), aStorage()]);
    const records = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => storages[i % 4]!.increment('perch:limit:{x}', MINUTE_MS, 100)),
    );
    expect(
      records
        .filter(({ isBlocked }) => !isBlocked)
        .map(({ totalHits }) => totalHits)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    for (const { isBlocked, timeToBlockExpire } of records) {
      if (!isBlocked) continue;
      expect(timeToBlockExpire).toBeGreaterThan(50);
      expect(timeToBlockExpire).toBeLessThanOrEqual(60);
    }
  });

  it(
    'let exactly 100 of 1,000 simultaneous requests of one client through, over three replicas',
    async () => {
      const apps = await replicas(3, { RATE_LIMIT_IP_PER_MINUTE: '100' });
      const requests = Array.from({ length: 1_000 }, (_, i) => () => apps[i % 3]!.get(THINGS, HOME));
      expect(await statuses(requests)).toEqual({ 200: 100, 429: 900 });
      expect((await apps[0]!.get(THINGS, '203.0.113.8')).status).toBe(200);
    },
    TIMEOUT_MS,
  );

  it('let hits slide out of the window by Redis’ time', async () => {
    const storage = await aStorage();
    const hit = async (): Promise<boolean> => !(await storage.increment('perch:limit:{y}', 300, 2)).isBlocked;
    const startedAt = performance.now();
    expect([await hit(), await hit(), await hit()]).toEqual([true, true, false]);
    await until(hit);
    expect(performance.now() - startedAt).toBeGreaterThan(295);
    await until(async () => (await admin.exists('perch:limit:{y}')) === 0);
  });

  it('hold attempts at one account together, wherever they arrive, and know its owner on every replica', async () => {
    const [first, second] = await replicas(2, { RATE_LIMIT_LOGIN_PER_MINUTE: '4' });
    expect(await first!.login(ADA, PASSWORD, HOME)).toBe(200);
    await until(async () => (await admin.keys('perch:limit:{familiar:*')).length === 1);
    const attempts = [];
    for (let i = 0; i < 5; i += 1)
      attempts.push(await [first, second][i % 2]!.login(ADA, 'guess', `198.51.100.${i}`));
    expect(attempts).toEqual([401, 401, 401, 429, 429]);
    expect(await second!.login(ADA, PASSWORD, HOME)).toBe(200);
  });

  it('hold up an account whose attempts fail on all of them, but not its owner where they are known', async () => {
    const [one, two] = (await replicas(2, { RATE_LIMIT_LOGIN_PER_MINUTE: '1000' })) as [
      ThrottledApp,
      ThrottledApp,
    ];
    expect(await one.login(ADA, PASSWORD, HOME)).toBe(200);
    for (let i = 0; i < 10; i += 1)
      expect(await (i % 2 ? one : two).login(ADA, 'guess', `198.51.100.${i}`)).toBe(401);
    const isHeldUp = (app: ThrottledApp) => async () =>
      (await app.login(ADA, PASSWORD, '198.51.100.99')) === 429;
    await until(isHeldUp(one));
    await until(isHeldUp(two));
    expect(await two.login(ADA, PASSWORD, HOME)).toBe(200);
  });

  it('keep nothing for good in Redis, and nobody’s email or address', async () => {
    const [app] = await replicas(1, { RATE_LIMIT_IP_PER_MINUTE: '9', RATE_LIMIT_LOGIN_PER_MINUTE: '9' });
    await app!.login(ADA, PASSWORD, HOME);
    await until(async () => (await admin.dbsize()) === 4);
    const keys = await admin.keys('*');
    for (const key of keys) {
      expect(key).toMatch(/^perch:limit:\{(address|login|account|familiar):[\w-]{43}\}$/);
      const ttlMs = await admin.pttl(key);
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(key.includes('familiar') ? 30 * 24 * 3600 * 1000 : MINUTE_MS);
    }
  });

  it(
    'are counted by each process while Redis is away, which is told of once, and together when it is back',
    async () => {
      const [first, second] = await replicas(2, { RATE_LIMIT_IP_PER_MINUTE: '2' });
      expect((await first!.get(THINGS, HOME)).status).toBe(200);
      await redis.kill();
      // What Redis has admitted before counts on: an outage is no new allowance.
      expect((await first!.get(THINGS, HOME)).status).toBe(200);
      expect((await first!.get(THINGS, HOME)).status).toBe(429);
      const there = Array.from({ length: 20 }, () => () => second!.get(THINGS, HOME));
      expect(await statuses(there)).toEqual({ 200: 2, 429: 18 });
      const told = (app: ThrottledApp): unknown[] =>
        app.log.events().filter((event) => String(event).startsWith('rate_limit.'));
      expect([first, second].map((app) => told(app!))).toEqual([
        ['rate_limit.local_only'],
        ['rate_limit.local_only'],
      ]);

      await redis.start();
      let others = 0;
      for (const app of [first!, second!]) {
        const another = (): Promise<Response> => app.get(THINGS, `198.51.100.${(others += 1)}`);
        await until(
          async () => (await another()).ok && told(app).includes('rate_limit.shared_again'),
          10_000,
        );
      }
      const visitor = '203.0.113.99';
      const over = Array.from({ length: 10 }, (_, i) => () => [first, second][i % 2]!.get(THINGS, visitor));
      expect(await statuses(over)).toEqual({ 200: 2, 429: 8 });
      expect(told(first!)).toEqual(['rate_limit.local_only', 'rate_limit.shared_again']);
    },
    TIMEOUT_MS,
  );

  it(
    'never wait longer for a Redis that hangs than one command may take',
    async () => {
      const [app] = await replicas(1, { RATE_LIMIT_IP_PER_MINUTE: '50', RATE_LIMIT_LOGIN_PER_MINUTE: '50' });
      redis.pause();
      const startedAt = performance.now();
      // A login counts three times and looks up where its account is known.
      expect(await app!.login(ADA, PASSWORD, HOME)).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(700);
      const soonAfter = performance.now();
      expect((await app!.get(THINGS, HOME)).status).toBe(200);
      expect(performance.now() - soonAfter).toBeLessThan(240);
    },
    TIMEOUT_MS,
  );
});
