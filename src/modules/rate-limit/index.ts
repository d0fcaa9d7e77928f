export { SpendsQuota } from './quota.decorator.js';
export { QuotaGuard } from './quota.guard.js';
export { RateLimitModule } from './rate-limit.module.js';
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
