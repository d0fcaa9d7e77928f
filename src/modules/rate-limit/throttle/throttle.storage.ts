import { Inject, Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { REDIS } from '../../../redis/redis.module.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type HitOutcome, HitWindow } from './hit-window.js';
import { RedisHits } from './redis-hits.js';
import { RedisOrLocal } from './redis-or-local.js';

/** What falls out begins anew. Whoever has so many addresses has no need of it: each of them has a limit of its own. */
const MAX_LOCAL_WINDOWS = 10_000;

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts over all replicas in Redis; in this process where there is none, or while it is away. What Redis admits is counted
 * here too, so that an outage is no new allowance.
 */
@Injectable()
export class ThrottleStorage implements ThrottlerStorage {
  private readonly local = new LRUCache<string, HitWindow>({ max: MAX_LOCAL_WINDOWS });
  private readonly shared: RedisHits | undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis | null,
    private readonly redisOrLocal: RedisOrLocal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.shared = redis ? new RedisHits(redis) : undefined;
  }

  /** `ttl` is in milliseconds; the seconds that come back are not rounded. */
  async increment(key: string, ttl: number, limit: number): Promise<ThrottlerRecord> {
    const hitHere = (): HitOutcome => this.windowOf(key, ttl).hit(this.clock.monotonicMs(), limit);
    const { isAdmitted, hits, waitMs } = await this.redisOrLocal.ask(async () => {
      const outcome = await this.shared!.hit(key, ttl, limit);
      if (outcome.isAdmitted) hitHere();
      return outcome;
    }, hitHere);
    return {
      totalHits: hits,
      timeToExpire: waitMs / 1000,
      isBlocked: !isAdmitted,
      timeToBlockExpire: isAdmitted ? 0 : waitMs / 1000,
    };
  }

  /** Begins these windows anew, here and in Redis. Throws what the driver throws when Redis is away. */
  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.local.delete(key);
    const { redis } = this;
    // One by one: they are in different slots of a cluster.
    if (redis) await Promise.all(keys.map((key) => redis.unlink(key)));
  }

  private windowOf(key: string, lengthMs: number): HitWindow {
    const known = this.local.get(key);
    if (known) return known;
    const window = new HitWindow(lengthMs);
    this.local.set(key, window);
    return window;
  }
}
