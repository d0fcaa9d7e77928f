import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QUOTA_STORE } from './quota-store.js';
import { QuotaGuard } from './quota.guard.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { Reservations } from './reservations.js';
import { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  controllers: [UsageController],
  providers: [
    { provide: QUOTA_STORE, inject: [CLOCK], useFactory: (clock: Clock) => new MemoryQuotaStore(clock) },
    Reservations,
    QuotaGuard,
    QuotaLimitsPolicy,
    TokenAccountingInterceptor,
    UsageService,
  ],
  exports: [QuotaGuard, QuotaLimitsPolicy, TokenAccountingInterceptor],
})
export class RateLimitModule {}
