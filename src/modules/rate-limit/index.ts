export { DemandEstimator } from './demand-estimator.js';
export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { QuotaLimitsPolicy } from './quota-limits.policy.js';
export type { QuotaAmount, QuotaLimits } from './quota-store.js';
export { RateLimitModule } from './rate-limit.module.js';
export { type RunQuota, RunQuotas } from './run-quotas.js';
export { ThrottleGuard } from './throttle/throttle.guard.js';
export { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
