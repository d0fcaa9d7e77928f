import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QUOTA_STORE } from './quota-store.js';
import { QuotaGuard } from './quota.guard.js';
import { Reservations } from './reservations.js';
import { ThrottleModule } from './throttle/throttle.module.js';
import { TokenAccountingInterceptor } from './token-accounting.interceptor.js';

@Module({
  imports: [ThrottleModule],
  providers: [
    { provide: QUOTA_STORE, inject: [CLOCK], useFactory: (clock: Clock) => new MemoryQuotaStore(clock) },
    Reservations,
    QuotaGuard,
    TokenAccountingInterceptor,
  ],
  exports: [ThrottleModule, QuotaGuard, TokenAccountingInterceptor],
})
export class RateLimitModule {}
