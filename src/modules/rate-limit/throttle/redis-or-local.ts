import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import { REDIS } from '../../../redis/redis.module.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';

/** While Redis is away one request tries it after each of these; the others do not wait for it. */
const TRY_AGAIN_MS = 500;

/**
 * Asks Redis where there is one, else this process. Limits before anybody is known go on without Redis, each process
 * counting for itself: a service that refuses everybody would be what an attacker wants. Nobody waits longer than one
 * command may take, and an outage is told of once.
 */
@Injectable()
export class RedisOrLocal {
  private isAway = false;
  private tryAgainAtMs = 0;

  constructor(
    @Inject(REDIS) private readonly redis: Redis | null,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly logger: PinoLogger,
  ) {}

  async ask<T>(remotely: (redis: Redis) => Promise<T>, locally: () => T): Promise<T> {
    if (!this.redis || this.isLeftAlone()) return locally();
    try {
      const answer = await remotely(this.redis);
      if (this.isAway) this.logger.info({ event: 'rate_limit.shared_again' });
      this.isAway = false;
      return answer;
    } catch (error) {
      if (!this.isAway) this.logger.warn({ event: 'rate_limit.local_only', err: error });
      this.isAway = true;
      this.tryAgainAtMs = this.clock.monotonicMs() + TRY_AGAIN_MS;
      return locally();
    }
  }

  private isLeftAlone(): boolean {
    if (!this.isAway) return false;
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.tryAgainAtMs) return true;
    this.tryAgainAtMs = nowMs + TRY_AGAIN_MS;
    return false;
  }
}
