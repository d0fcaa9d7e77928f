import { Global, Module } from '@nestjs/common';
import { CONFIRMATION_LIMIT, type ConfirmationLimit } from '../../shared/access/confirmation-limit.js';
import { AccountLimits } from './account-limits.js';
import { RateLimitModule } from './rate-limit.module.js';

/** Global: who asks for a password need not know how attempts are counted. */
@Global()
@Module({
  imports: [RateLimitModule],
  providers: [
    {
      provide: CONFIRMATION_LIMIT,
      inject: [AccountLimits],
      useFactory: (limits: AccountLimits): ConfirmationLimit => ({
        take: (userId) => limits.take('confirmation', userId),
      }),
    },
  ],
  exports: [CONFIRMATION_LIMIT],
})
export class ConfirmationLimitModule {}
