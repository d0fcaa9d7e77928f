import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { DemandEstimator } from './demand-estimator.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QUOTA_STORE } from './quota-store.js';
import { QuotaGuard } from './quota.guard.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { RunQuotas } from './run-quotas.js';
import { ThrottleModule } from './throttle/throttle.module.js';
import { TokenAccountingInterceptor } from './token-accounting.interceptor.js';

@Module({
  imports: [ThrottleModule],
  providers: [
    { provide: QUOTA_STORE, inject: [CLOCK], useFactory: (clock: Clock) => new MemoryQuotaStore(clock) },
    DemandEstimator,
    QuotaGuard,
    QuotaLimitsPolicy,
    RunQuotas,
    TokenAccountingInterceptor,
  ],
  exports: [
    ThrottleModule,
    DemandEstimator,
    QuotaGuard,
    QuotaLimitsPolicy,
    RunQuotas,
    TokenAccountingInterceptor,
  ],
})
export class RateLimitModule {}
