import { Redis } from 'ioredis';
import { v7 } from 'uuid';
import type { LoggedEvent } from '../../../../../src/modules/agent/events/run-event-log.js';
import { RedisLiveEvents } from '../../../../../src/modules/agent/events/redis/redis-live-events.js';
import { describeLiveEvents, eventsOf } from '../../../../contracts/describe-live-events.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../../../../support/servers/own-redis.js';
import { describeWithRedis } from '../../../../support/servers/test-redis.js';
import { until } from '../../../../support/until.js';

const stream = (runId: string): string => `perch:run:{${runId}}:events`;
const epoch = (runId: string): string => `perch:run:{${runId}}:epoch`;

/** A replica of its own: what it knows of a run it knows from Redis. */
async function aReplica(url: string): Promise<{ live: RedisLiveEvents; log: KeptLog; close: () => void }> {
  const redis = new Redis(url, {
    commandTimeout: 1_000,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy: () => 20,
  });
  const subscriber = redis.duplicate();
  for (const client of [redis, subscriber]) client.on('error', () => undefined);
  const log = new KeptLog();
  const live = new RedisLiveEvents(redis, subscriber, log.logger);
  await until(() => redis.status === 'ready' && subscriber.status === 'ready');
  return {
    live,
    log,
    close: () => {
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

describeWithRedis(RedisLiveEvents.name, (url) => {
  let admin: Redis;
  let owner: Awaited<ReturnType<typeof aReplica>>;
  let reader: Awaited<ReturnType<typeof aReplica>>;
  beforeAll(async () => {
    admin = new Redis(url);
    [owner, reader] = await Promise.all([aReplica(url), aReplica(url)]);
  });
  afterAll(() => {
    admin.disconnect();
    owner.close();
    reader.close();
  });

  describeLiveEvents(RedisLiveEvents.name, () => ({
    owner: owner.live,
    reader: reader.live,
    lose: async (runId) => void (await admin.del(stream(runId), epoch(runId))),
  }));

  it('is bounded: of a run with very many batches the oldest go', async () => {
    const runId = v7();
    const all = eventsOf(1, 2_500);
    await Promise.all(
      all.map((event, index) => owner.live.publish(runId, 1, [event], () => all.slice(0, index + 1))),
    );
    // Redis cuts whole blocks off, of some hundred entries.
    const length = await admin.xlen(stream(runId));
    expect(length).toBeGreaterThanOrEqual(2_000);
    expect(length).toBeLessThan(2_200);
    const left: LoggedEvent[] = [];
    for (;;) {
      // A reader takes a bounded part at a time.
      const { events } = await reader.live.read(runId, left.at(-1)?.id ?? 0);
      expect(events.length).toBeLessThanOrEqual(100);
      if (events.length === 0) break;
      left.push(...events);
    }
    expect(left).toEqual(all.slice(-length));
    owner.live.end(runId);
  });

  it.each([
    ['small batches', (all: LoggedEvent[]) => all.map((event) => [event])],
    ['one large batch', (all: LoggedEvent[]) => [all]],
  ])('gives a reader a bounded part at a time, whatever was published: %s', async (_what, batchesOf) => {
    const runId = v7();
    const all = eventsOf(1, 60, 'x'.repeat(30_000));
    for (const batch of batchesOf(all)) {
      await owner.live.publish(runId, 1, batch, () => all.slice(0, batch.at(-1)!.id));
    }
    const read: LoggedEvent[] = [];
    while (read.length < all.length) {
      const { events } = await reader.live.read(runId, read.length);
      expect(JSON.stringify(events).length).toBeLessThan(160_000);
      expect(events.length).toBeGreaterThan(0);
      read.push(...events);
    }
    expect(read).toEqual(all);
    owner.live.end(runId);
  });

  it('goes by itself: an hour after the last event, a minute after the end', async () => {
    const runId = v7();
    const ttls = (): Promise<number[]> => Promise.all([admin.ttl(stream(runId)), admin.ttl(epoch(runId))]);
    await owner.live.publish(runId, 1, eventsOf(1, 1), () => eventsOf(1, 1));
    await admin.expire(stream(runId), 100);
    await owner.live.publish(runId, 1, eventsOf(2, 2), () => eventsOf(1, 2));
    for (const ttl of await ttls()) expect(ttl).toBeGreaterThan(3_500);
    for (const ttl of await ttls()) expect(ttl).toBeLessThanOrEqual(3_600);
    owner.live.end(runId);
    await until(async () => (await ttls()).every((ttl) => ttl > 0 && ttl <= 60));
    expect((await reader.live.read(runId, 0)).events).toEqual(eventsOf(1, 2));
  });

  it('leaves no fence behind for ever when there is nothing to adopt', async () => {
    const runId = v7();
    await owner.live.adopt(runId, 2, 0);
    expect(await admin.ttl(epoch(runId))).toBeGreaterThan(0);
    await admin.del(epoch(runId));
  });

  it('listens only as long as somebody waits', async () => {
    const runId = v7();
    const listeners = async (): Promise<unknown> => (await admin.pubsub('NUMSUB', stream(runId)))[1];
    const [first, second] = [reader.live.watch(runId), reader.live.watch(runId)];
    await until(async () => (await listeners()) === 1);
    first.close();
    second.close();
    await until(async () => (await listeners()) === 0);
  });
});

describeWithOwnRedis(`${RedisLiveEvents.name}, when Redis goes away`, () => {
  let server: OwnRedis;
  let replica: Awaited<ReturnType<typeof aReplica>>;
  beforeEach(async () => {
    server = await startOwnRedis();
    replica = await aReplica(server.url);
  });
  afterEach(async () => {
    replica.close();
    await server.stop();
  });

  it('says so within a bounded time, and has everything once Redis is back', async () => {
    const { live, log } = replica;
    const publish = (first: number, last: number): ReturnType<RedisLiveEvents['publish']> =>
      live.publish('r', 1, eventsOf(first, last), () => eventsOf(1, last));
    expect(await publish(1, 1)).toBe('published');
    server.pause();
    expect(await publish(2, 2)).toBe('unavailable');
    const startedMs = performance.now();
    // The next ones do not even try for a while.
    expect(await publish(3, 3)).toBe('unavailable');
    expect(performance.now() - startedMs).toBeLessThan(100);
    expect(await live.adopt('r', 2, 0)).toBeUndefined();
    expect(log.events()).toEqual(['redis.events.not_published', 'redis.events.not_adopted']);
    server.resume();
    let last = 3;
    await until(async () => {
      last += 1;
      return (await live.publish('r', 2, eventsOf(last, last), () => eventsOf(1, last))) === 'published';
    });
    expect((await live.read('r', 0)).events).toEqual(eventsOf(1, last));
  });

  it('clears what an owner before has left when that could not be adopted', async () => {
    const { live } = replica;
    await live.publish('r', 1, eventsOf(1, 9), () => eventsOf(1, 9));
    server.pause();
    expect(await live.adopt('r', 2, 1)).toBeUndefined();
    server.resume();
    const again = eventsOf(2, 3, 'new ');
    await until(async () => (await live.publish('r', 2, again, () => again)) === 'published');
    expect(await live.read('r', 0)).toEqual({ events: again, epoch: 2 });
  });

  it('wakes its readers when Redis is back: they may have missed something', async () => {
    const watch = replica.live.watch('r');
    const waiting = watch.next(60_000, new AbortController().signal);
    await server.kill();
    await server.start();
    await waiting;
    // And it listens again.
    const again = watch.next(60_000, new AbortController().signal);
    let id = 0;
    let isAwake = false;
    void again.then(() => (isAwake = true));
    await until(async () => {
      id += 1;
      await replica.live.publish('r', 1, eventsOf(id, id), () => eventsOf(1, id));
      return isAwake;
    });
    watch.close();
  });
});
