import { Module } from '@nestjs/common';
import { AccountLimits } from './account-limits.js';
import { CurrentLimits } from './current-limits.js';
import { DemandEstimator } from './demand-estimator.js';
import { QuotaGuard } from './quota.guard.js';
import { QUOTA_METRIC_PROVIDERS, QuotaMetrics } from './quota-metrics.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { QUOTA_STORE_PROVIDER } from './quota-store.provider.js';
import { RunQuotas } from './run-quotas.js';
import { SpendingLedgerRepository } from './spending-ledger.repository.js';
import { ThrottleModule } from './throttle/throttle.module.js';
import { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [ThrottleModule],
  controllers: [UsageController],
  providers: [
    QUOTA_STORE_PROVIDER,
    ...QUOTA_METRIC_PROVIDERS,
    AccountLimits,
    CurrentLimits,
    DemandEstimator,
    QuotaGuard,
    QuotaLimitsPolicy,
    QuotaMetrics,
    RunQuotas,
    SpendingLedgerRepository,
    TokenAccountingInterceptor,
    UsageService,
  ],
  exports: [
    ThrottleModule,
    AccountLimits,
    CurrentLimits,
    DemandEstimator,
    QuotaGuard,
    QuotaLimitsPolicy,
    RunQuotas,
    TokenAccountingInterceptor,
  ],
})
export class RateLimitModule {}
