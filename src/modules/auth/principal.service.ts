import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { Principal } from '../../shared/context/principal.js';
import { tokenRevoked } from './auth.errors.js';
import { CredentialNews } from './credentials/credential-news.js';
import { RecentAnswers } from './credentials/recent-answers.js';
import type { Session } from './session.js';
import { toPrincipal } from './role-permissions.js';
import { UserAccountRepository } from './user-account.repository.js';

/** Who a session's user is, as the database says it now (at most PRINCIPAL_TTL_MS ago). */
@Injectable()
export class PrincipalService {
  /** `undefined`: the session is over, or the account disabled or gone. */
  private readonly recent: RecentAnswers<Principal | undefined>;

  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly news: CredentialNews,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.recent = new RecentAnswers(clock, (principal) => principal?.userId);
    news.onChanged((userId) => this.recent.forgetUser(userId));
  }

  /** Throws `token_revoked` where there is no such principal any more. */
  async principalOf({ userId, sessionId }: Session): Promise<Principal> {
    const principal = await this.recent.get(`${userId}/${sessionId}`, async () => {
      const account = await this.accounts.findWithSession(userId, sessionId);
      return account && !account.isDisabled ? toPrincipal(account) : undefined;
    });
    if (!principal) throw tokenRevoked();
    return principal;
  }

  /**
   * Who the user is by now, for work that goes on without a session: at most PRINCIPAL_TTL_MS old. `undefined`: the account
   * is gone or disabled.
   */
  currentPrincipalOf(userId: string): Promise<Principal | undefined> {
    return this.recent.get(`${userId}/`, () => this.principalOfUser(userId));
  }

  /** For work without a session, such as a run that another process began. `undefined`: the account is gone or disabled. */
  async principalOfUser(userId: string): Promise<Principal | undefined> {
    const account = await this.accounts.findById(userId);
    return account && !account.isDisabled ? toPrincipal(account) : undefined;
  }

  /**
   * After something about the user has changed: their account, their sessions or keys, or that they are there at all. What is
   * known about them is forgotten on every replica, and what is open on a credential that is no longer good ends.
   */
  forget(userId: string): void {
    this.news.changed(userId);
  }
}
