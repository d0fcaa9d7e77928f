import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { limitKey } from './limit-key.js';
import { RedisOrLocal } from './redis-or-local.js';

const LIFETIME_SECONDS = 30 * 24 * 3600;
const MAX_LOCAL = 10_000;
/** Of one account; the oldest fall out. */
const MAX_ADDRESSES = 100;

/**
 * From where somebody has logged into an account before: there its owner is not held up by what strangers do. An account's
 * addresses are one set under one key, so that they can be forgotten together, and hashes, so that nobody can read them.
 */
@Injectable()
export class FamiliarAddresses {
  private readonly local = new LRUCache<string, Map<string, number>>({
    max: MAX_LOCAL,
    ttl: LIFETIME_SECONDS * 1000,
  });

  constructor(
    private readonly redisOrLocal: RedisOrLocal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async has(account: string, address: string): Promise<boolean> {
    const [key, member] = [familiarKey(account), memberOf(address)];
    const nowMs = this.clock.now().getTime();
    if ((this.local.get(key)?.get(member) ?? 0) > nowMs) return true;
    return this.redisOrLocal.ask(
      async (redis) => Number((await redis.zscore(key, member)) ?? 0) > nowMs,
      () => false,
    );
  }

  async add(account: string, address: string): Promise<void> {
    const [key, member] = [familiarKey(account), memberOf(address)];
    const nowMs = this.clock.now().getTime();
    const until = nowMs + LIFETIME_SECONDS * 1000;
    this.addHere(key, member, until);
    await this.redisOrLocal.ask(
      async (redis) => {
        const results = await redis
          .multi()
          .zadd(key, until, member)
          .zremrangebyscore(key, '-inf', nowMs)
          .zremrangebyrank(key, 0, -MAX_ADDRESSES - 1)
          .expire(key, LIFETIME_SECONDS)
          .exec();
        const failed = results?.find(([error]) => error)?.[0];
        if (failed) throw failed;
      },
      () => undefined,
    );
  }

  /** In this process; the key in Redis is `familiarKey`. */
  forgetHere(account: string): void {
    this.local.delete(familiarKey(account));
  }

  private addHere(key: string, member: string, until: number): void {
    const addresses = this.local.get(key) ?? new Map<string, number>();
    addresses.delete(member);
    addresses.set(member, until);
    const [oldest] = addresses.keys();
    if (addresses.size > MAX_ADDRESSES) addresses.delete(oldest!);
    this.local.set(key, addresses);
  }
}

export const familiarKey = (account: string): string => limitKey('familiar', account);
const memberOf = (address: string): string => createHash('sha256').update(address).digest('base64url');
