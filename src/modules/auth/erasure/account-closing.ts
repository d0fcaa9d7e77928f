import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { isUuid } from '../../../shared/context/ids.js';
import { notFound } from '../../../shared/errors/app-error.js';
import type { Actor } from '../../observability/index.js';
import { notConfirmed, tokenRevoked } from '../auth.errors.js';
import { type Confirmation, OwnerConfirmation } from '../owner-confirmation.js';
import { PrincipalService } from '../principal.service.js';
import { UserAccountRepository } from '../user-account.repository.js';
import { AccountClosingRepository } from './account-closing.repository.js';
import type { ClosedAccount } from './closed-account.js';

/** The first step of an erasure: nobody gets in any more. Here at once, on other replicas within PRINCIPAL_TTL_MS. */
@Injectable()
export class AccountClosing {
  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly closing: AccountClosingRepository,
    private readonly confirmation: OwnerConfirmation,
    private readonly principals: PrincipalService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Throws `not_confirmed` (403) unless the caller shows that they are the account's owner: by its password, or where it has
   * none by writing its email. Throws `rate_limited` after too many tries.
   */
  async assertConfirmed(userId: string, shown: Confirmation): Promise<void> {
    const account = await this.accounts.findById(userId);
    if (!account) throw tokenRevoked();
    if (!(await this.confirmation.isGiven(account, shown, 'user.erase'))) throw notConfirmed();
  }

  /** Throws `not_found`, and `last_administrator` when nobody would be left who may administrate. */
  async close(userId: string, actor: Actor): Promise<ClosedAccount> {
    const closed = isUuid(userId) ? await this.closing.close(userId, actor, this.clock.now()) : undefined;
    if (!closed) throw notFound();
    this.principals.forget(userId);
    return closed;
  }

  /** Accounts that were closed longer than `forMs` ago and are not erased: their erasure failed, or its process died. */
  unfinished(forMs: number, limit: number): Promise<readonly ClosedAccount[]> {
    return this.closing.findUnfinished(new Date(this.clock.now().getTime() - forMs), limit);
  }
}
