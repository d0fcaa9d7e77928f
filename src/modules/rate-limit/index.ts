export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { RateLimitModule } from './rate-limit.module.js';
export { ThrottleGuard } from './throttle/throttle.guard.js';
export { TokenAccountingInterceptor } from './token-accounting.interceptor.js';
