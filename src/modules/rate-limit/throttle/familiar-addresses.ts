import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { limitKey } from './limit-key.js';
import { RedisOrLocal } from './redis-or-local.js';

const LIFETIME_SECONDS = 30 * 24 * 3600;
const MAX_LOCAL = 10_000;

/** From where somebody has logged into an account before: there its owner is not held up by what strangers do. */
@Injectable()
export class FamiliarAddresses {
  private readonly local = new LRUCache<string, true>({ max: MAX_LOCAL, ttl: LIFETIME_SECONDS * 1000 });

  constructor(private readonly redisOrLocal: RedisOrLocal) {}

  async has(account: string, address: string): Promise<boolean> {
    const key = keyOf(account, address);
    if (this.local.has(key)) return true;
    return this.redisOrLocal.ask(
      async (redis) => (await redis.exists(key)) === 1,
      () => false,
    );
  }

  async add(account: string, address: string): Promise<void> {
    const key = keyOf(account, address);
    this.local.set(key, true);
    await this.redisOrLocal.ask(
      async (redis) => void (await redis.set(key, '1', 'EX', LIFETIME_SECONDS)),
      () => undefined,
    );
  }
}

const keyOf = (account: string, address: string): string => limitKey('familiar', `${account} ${address}`);
