export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { RateLimitModule } from './rate-limit.module.js';
export { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
