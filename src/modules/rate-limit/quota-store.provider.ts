import type { FactoryProvider } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig, RateLimitConfig } from '../../config/app-config.js';
import { REDIS } from '../../redis/redis.module.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { CountedLedger } from './counted-ledger.js';
import { FallbackQuotaStore } from './fallback-quota-store.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QuotaMetrics } from './quota-metrics.js';
import { QUOTA_STORE, type QuotaStore } from './quota-store.js';
import { RedisQuotaStore } from './redis/redis-quota-store.js';
import { reservationLifetimeMs } from './reservation-lifetime.js';
import { SpendingLedgerRepository } from './spending-ledger.repository.js';

/** One count for all replicas where there is Redis; else this process's own. */
export const QUOTA_STORE_PROVIDER: FactoryProvider<QuotaStore> = {
  provide: QUOTA_STORE,
  inject: [REDIS, SpendingLedgerRepository, QuotaMetrics, RateLimitConfig, AgentConfig, PinoLogger, CLOCK],
  useFactory: (
    redis: Redis | null,
    repository: SpendingLedgerRepository,
    metrics: QuotaMetrics,
    config: RateLimitConfig,
    agent: AgentConfig,
    logger: PinoLogger,
    clock: Clock,
  ) => {
    const ledger = new CountedLedger(repository, metrics);
    const local = new MemoryQuotaStore(clock, ledger);
    return redis
      ? new FallbackQuotaStore(
          new RedisQuotaStore(redis, ledger, logger, { restoredForMs: reservationLifetimeMs(agent) }),
          local,
          config.withoutRedis === 'local',
          logger,
        )
      : local;
  },
};
