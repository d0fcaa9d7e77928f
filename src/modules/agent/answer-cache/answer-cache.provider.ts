import type { FactoryProvider } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../../../redis/redis.module.js';
import { ANSWER_CACHE, type AnswerCache } from './answer-cache.js';
import { MemoryAnswerCache } from './memory/memory-answer-cache.js';
import { RedisAnswerCache } from './redis/redis-answer-cache.js';

/** Redis when there is one: then there may be other replicas. */
export const ANSWER_CACHE_PROVIDER: FactoryProvider<AnswerCache> = {
  provide: ANSWER_CACHE,
  inject: [REDIS],
  useFactory: (redis: Redis | null) => (redis ? new RedisAnswerCache(redis) : new MemoryAnswerCache()),
};
