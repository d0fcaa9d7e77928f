import type { Redis } from 'ioredis';
import { type HitOutcome, SLICE_MS } from './hit-window.js';

/**
 * `HitWindow` in Redis, by Redis' time. Entries are pairs of the latest hit's time and the number of hits, oldest first; time
 * that went back after a failover makes nobody wait longer. A refusal writes nothing.
 * KEYS: window. ARGV: length, slice, limit. Returns whether it was admitted, the hits, and the wait.
 */
const HIT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length, slice, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local packed = redis.call('GET', KEYS[1])
local before = packed and cmsgpack.unpack(packed) or {}
local entries, hits = {}, 0
for i = 1, #before, 2 do
  local last = math.min(before[i], now)
  if last + length > now then
    entries[#entries + 1] = last
    entries[#entries + 1] = before[i + 1]
    hits = hits + before[i + 1]
  end
end
if hits >= limit then
  local left = hits
  for i = 1, #entries, 2 do
    left = left - entries[i + 1]
    if left < limit then return { 0, hits, entries[i] + length - now } end
  end
end
local n = #entries
if n > 0 and math.floor(entries[n - 1] / slice) == math.floor(now / slice) then
  entries[n - 1] = now
  entries[n] = entries[n] + 1
else
  entries[n + 1] = now
  entries[n + 2] = 1
end
redis.call('SET', KEYS[1], cmsgpack.pack(entries), 'PX', length)
return { 1, hits + 1, length }`;

interface RedisWithScript extends Redis {
  perchHit(...args: (string | number)[]): Promise<[isAdmitted: 0 | 1, hits: number, waitMs: number]>;
}

/** One hit, in one step over all replicas. Throws what the driver throws when Redis is away. */
export class RedisHits {
  private readonly redis: RedisWithScript;

  constructor(redis: Redis) {
    redis.defineCommand('perchHit', { numberOfKeys: 1, lua: HIT });
    this.redis = redis as RedisWithScript;
  }

  async hit(key: string, lengthMs: number, limit: number): Promise<HitOutcome> {
    const [isAdmitted, hits, waitMs] = await this.redis.perchHit(key, lengthMs, SLICE_MS, limit);
    return { isAdmitted: isAdmitted === 1, hits, waitMs };
  }
}
