import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { limitKey } from './limit-key.js';
import { RedisOrLocal } from './redis-or-local.js';

/** So many failures in a row cost nothing: people mistype. */
export const FREE_FAILURES = 10;
const FIRST_PAUSE_MS = 30_000;
/** Nobody is held up for longer, however long somebody tries. */
export const MAX_PAUSE_MS = 15 * 60_000;
/** After so long without a failure it begins anew. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;
const MAX_LOCAL = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/** How long is waited after so many failures in a row: twice as long each time. */
export function pauseAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - FREE_FAILURES), MAX_PAUSE_MS);
}

/**
 * Failed attempts to log into an account, over all replicas in Redis; in this process where there is none. `whose` is an
 * account, or an account from where its owner has logged in before: what strangers do holds up strangers. Attempts that are
 * refused for it count for nothing, so nobody waits longer than it says.
 */
@Injectable()
export class LoginBackoff {
  private readonly local = new LRUCache<string, Failures>({ max: MAX_LOCAL });

  constructor(
    private readonly redisOrLocal: RedisOrLocal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** How long attempts are refused from now on; 0: they are not. */
  waitMs(whose: string): Promise<number> {
    const here = (): number => {
      const { count, lastMs } = this.known(whose);
      return Math.max(0, lastMs + pauseAfter(count) - this.clock.monotonicMs());
    };
    return this.redisOrLocal.ask(async (redis) => Math.max(0, await redis.pttl(pauseKey(whose))), here);
  }

  /** Counts a failure. What is held up by it, and since how many. */
  async failed(whose: string): Promise<{ readonly failures: number; readonly waitMs: number }> {
    const here = this.failedHere(whose);
    const failures = await this.redisOrLocal.ask(
      (redis) => failedInRedis(redis, whose),
      () => here,
    );
    return { failures, waitMs: pauseAfter(failures) };
  }

  /** The owner has come. */
  async cleared(whose: string): Promise<void> {
    this.local.delete(whose);
    await this.redisOrLocal.ask(
      async (redis) => {
        await redis.del(countKey(whose));
        await redis.del(pauseKey(whose));
      },
      () => undefined,
    );
  }

  /** What Redis counts is counted here too, so that an outage is no new allowance. */
  private failedHere(whose: string): number {
    const count = this.known(whose).count + 1;
    this.local.set(whose, { count, lastMs: this.clock.monotonicMs() });
    return count;
  }

  private known(whose: string): Failures {
    const known = this.local.get(whose);
    const nowMs = this.clock.monotonicMs();
    return known && nowMs - known.lastMs < FORGOTTEN_AFTER_MS ? known : { count: 0, lastMs: nowMs };
  }
}

async function failedInRedis(redis: Redis, whose: string): Promise<number> {
  const count = await redis.incr(countKey(whose));
  await redis.pexpire(countKey(whose), FORGOTTEN_AFTER_MS);
  const pauseMs = pauseAfter(count);
  if (pauseMs > 0) await redis.set(pauseKey(whose), '1', 'PX', pauseMs);
  return count;
}

const countKey = (whose: string): string => limitKey('failures', whose);
const pauseKey = (whose: string): string => limitKey('held-up', whose);
