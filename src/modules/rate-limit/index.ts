export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { QuotaLimitsPolicy } from './quota-limits.policy.js';
export type { QuotaLimits } from './quota-store.js';
export { RateLimitModule } from './rate-limit.module.js';
export { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
