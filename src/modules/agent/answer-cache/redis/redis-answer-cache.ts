import type { Redis } from 'ioredis';
import {
  type AnswerCache,
  type AnswerPlace,
  type CachedAnswer,
  type FoundAnswer,
  type KeepOptions,
  MAX_ANSWERS_PER_USER,
} from '../answer-cache.js';

/** Longer than any run: one that began before its user's data were erased is over by then. */
const GENERATION_SECONDS = 2 * 86_400;

/**
 * KEYS: entry, the user's index, the user's generation. ARGV: generation, value, lifetime in ms, bound. The index has the
 * entries by the time at which they end. 0: the user's data were erased meanwhile.
 */
const KEEP = `
if (redis.call('GET', KEYS[3]) or '0') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ttl = tonumber(ARGV[3])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ttl)
redis.call('ZADD', KEYS[2], now + ttl, KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if surplus > 0 then
  for _, entry in ipairs(redis.call('ZRANGE', KEYS[2], 0, surplus - 1)) do redis.call('DEL', entry) end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, surplus - 1)
end
if redis.call('PTTL', KEYS[2]) < ttl then redis.call('PEXPIRE', KEYS[2], ttl) end
return 1`;

/** KEYS: the user's index, the user's generation. ARGV: lifetime of the generation in seconds. */
const FORGET = `
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[1])
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('DEL', entry) end
redis.call('DEL', KEYS[1])
return 1`;

interface RedisWithScripts extends Redis {
  perchKeepAnswer(...args: (string | number)[]): Promise<number>;
  perchForgetAnswers(...args: (string | number)[]): Promise<number>;
}

/** One cache for all replicas. */
export class RedisAnswerCache implements AnswerCache {
  private readonly redis: RedisWithScripts;

  constructor(redis: Redis) {
    redis.defineCommand('perchKeepAnswer', { numberOfKeys: 3, lua: KEEP });
    redis.defineCommand('perchForgetAnswers', { numberOfKeys: 2, lua: FORGET });
    this.redis = redis as RedisWithScripts;
  }

  async find(place: AnswerPlace): Promise<FoundAnswer> {
    const [text, generation] = await this.redis.mget(entryKey(place), generationKey(place.userId));
    return {
      answer: typeof text === 'string' ? { pieces: JSON.parse(text) as string[] } : undefined,
      generation: Number(generation ?? 0),
    };
  }

  async keep(
    place: AnswerPlace,
    { pieces }: CachedAnswer,
    { ttlMs, generation }: KeepOptions,
  ): Promise<boolean> {
    const kept = await this.redis.perchKeepAnswer(
      entryKey(place),
      indexKey(place.userId),
      generationKey(place.userId),
      generation,
      JSON.stringify(pieces),
      ttlMs,
      MAX_ANSWERS_PER_USER,
    );
    return kept === 1;
  }

  async forgetUser(userId: string): Promise<void> {
    await this.redis.perchForgetAnswers(indexKey(userId), generationKey(userId), GENERATION_SECONDS);
  }
}

/** One hash tag: a user's shared answers lie beside everybody's, and are erased in the same step as their own. */
const entryKey = ({ userId, isShared, key }: AnswerPlace): string =>
  `perch:{answers}:${isShared ? 'shared' : userId}:${key}`;
const indexKey = (userId: string): string => `perch:{answers}:of:${userId}`;
const generationKey = (userId: string): string => `perch:{answers}:generation:${userId}`;
