export { DemandEstimator } from './demand-estimator.js';
export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { QuotaLimitsPolicy } from './quota-limits.policy.js';
export type { QuotaAmount, QuotaLimits, Spending, SpendingLedger } from './quota-store.js';
export { neverFits } from './rate-limit.errors.js';
export { RateLimitModule } from './rate-limit.module.js';
export { type RunQuota, RunQuotas } from './run-quotas.js';
export { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
export {
  type InstallationSpending,
  type OpenRun,
  QUOTA_STORE,
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  type QuotaState,
  type QuotaStore,
  QuotaStoreUnavailable,
  type ReserveOutcome,
  type Spending,
  SPENDING_LEDGER,
  type SpendingLedger,
} from './quota-store.js';
