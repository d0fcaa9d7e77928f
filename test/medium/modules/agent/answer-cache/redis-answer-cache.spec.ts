import { Redis } from 'ioredis';
import { v7 } from 'uuid';
import { RedisAnswerCache } from '../../../../../src/modules/agent/answer-cache/redis/redis-answer-cache.js';
import { describeAnswerCache } from '../../../../contracts/describe-answer-cache.js';
import { describeWithRedis } from '../../../../support/servers/test-redis.js';

describeWithRedis(RedisAnswerCache.name, (url) => {
  let one: Redis;
  let two: Redis;
  beforeAll(() => {
    [one, two] = [new Redis(url), new Redis(url)];
  });
  afterAll(() => {
    one.disconnect();
    two.disconnect();
  });

  describeAnswerCache(RedisAnswerCache.name, () => ({
    cache: new RedisAnswerCache(one),
    other: new RedisAnswerCache(two),
  }));

  it('leaves nothing behind that does not end by itself', async () => {
    const cache = new RedisAnswerCache(one);
    const userId = v7();
    const keysOf = (): Promise<string[]> => one.keys(`perch:{answers}:*${userId}*`);
    const place = { userId, isShared: false, key: 'k' };
    await cache.keep(place, { pieces: ['x'] }, { ttlMs: 60_000, generation: 0 });
    await cache.keep({ ...place, key: 'l' }, { pieces: ['x'] }, { ttlMs: 1_000, generation: 0 });
    expect(await keysOf()).toHaveLength(3);
    for (const key of await keysOf()) expect(await one.pttl(key)).toBeGreaterThan(0);
    expect(await one.pttl(`perch:{answers}:of:${userId}`)).toBeGreaterThan(30_000);
    await cache.forgetUser(userId);
    expect(await keysOf()).toEqual([`perch:{answers}:generation:${userId}`]);
    expect(await one.ttl(`perch:{answers}:generation:${userId}`)).toBeGreaterThan(86_400);
    await one.del(`perch:{answers}:generation:${userId}`);
  });
});
