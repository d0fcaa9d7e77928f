import type { FactoryProvider } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import { REDIS, REDIS_SUBSCRIBER } from '../../../redis/redis.module.js';
import { LIVE_EVENTS, type LiveEvents } from './live-events.js';
import { MemoryLiveEvents } from './memory/memory-live-events.js';
import { RedisLiveEvents } from './redis/redis-live-events.js';

/** Redis when there is one: then there may be other replicas. */
export const LIVE_EVENTS_PROVIDER: FactoryProvider<LiveEvents> = {
  provide: LIVE_EVENTS,
  inject: [REDIS, REDIS_SUBSCRIBER, PinoLogger],
  useFactory: (redis: Redis | null, subscriber: Redis | null, logger: PinoLogger) =>
    redis && subscriber ? new RedisLiveEvents(redis, subscriber, logger) : new MemoryLiveEvents(),
};
