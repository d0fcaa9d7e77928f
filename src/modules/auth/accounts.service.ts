import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { type Ids, IDS } from '../../shared/context/ids.js';
import type { Tier } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import type { Account, Role } from './account.js';
import { emailTaken, loginFailed } from './auth.errors.js';
import { normaliseEmail } from './email.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordRules } from './passwords/password-rules.js';
import { SecurityAudit } from './security-audit.js';
import { UserAccountRepository } from './user-account.repository.js';

export interface AccountToEnsure {
  readonly email: string;
  readonly password: string;
  readonly tier: Tier;
  readonly roles: readonly Role[];
}

/** Local accounts. Emails may come in any spelling. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly passwords: PasswordHasher,
    private readonly rules: PasswordRules,
    private readonly audit: SecurityAudit,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * A new account on the free tier. Throws `email_taken` (409) where there is one with this email, and `validation_failed`
   * for a password that is guessed first.
   */
  async register(email: string, password: string): Promise<Account> {
    await this.rules.assertGood(password, normaliseEmail(email));
    const account = await this.create({ email, password, tier: 'free', roles: ['user'] });
    if (!account) throw emailTaken();
    this.logger.info({ event: 'auth.registered', user_id: account.id });
    return account;
  }

  /** Throws one and the same 401, after the same work, whatever is wrong. */
  async login(email: string, password: string): Promise<Account> {
    const account = await this.accounts.findByEmail(normaliseEmail(email));
    const isMatch = await this.passwords.verify(account?.passwordHash, password);
    if (account && isMatch && !account.isDisabled) {
      this.logger.info({ event: 'auth.login.succeeded', user_id: account.id });
      this.tellOfSuccess(account);
      return account;
    }
    const reason = !account ? 'unknown_email' : !isMatch ? 'wrong_password' : 'disabled';
    this.logger.warn({ event: 'auth.login.failed', reason, ...(account ? { user_id: account.id } : {}) });
    this.tellOfFailure(account);
    throw loginFailed();
  }

  /** The account with this email; made as described if there is none. An existing one is left exactly as it is. */
  async ensure(wanted: AccountToEnsure): Promise<{ readonly account: Account; readonly isNew: boolean }> {
    const email = normaliseEmail(wanted.email);
    const existing = await this.accounts.findByEmail(email);
    if (existing) return { account: existing, isNew: false };
    const created = await this.create(wanted);
    if (created) return { account: created, isNew: true };
    // Another process was faster.
    const theirs = await this.accounts.findByEmail(email);
    if (!theirs) throw new Error('an account vanished while it was being made');
    return { account: theirs, isNew: false };
  }

  async hasPassword(account: Account, password: string): Promise<boolean> {
    return this.passwords.verify(account.passwordHash, password);
  }

  async changePassword(account: Account, password: string): Promise<void> {
    await this.accounts.changePasswordHash(account.id, await this.passwords.hash(password), this.clock.now());
  }

  /** By id; accounts that are gone are left out. */
  async emailsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.accounts.emailsOf(ids);
  }

  private tellOfSuccess({ email }: Account): void {
    const context = requestContext.current();
    if (context && email !== null) context.trial = { outcome: 'proven', account: email };
  }

  /** Who counts failures knows emails alone; whose account it is goes into the trail when it is held up. */
  private tellOfFailure(account: Account | undefined): void {
    const context = requestContext.current();
    if (!context) return;
    const actor = { userId: account?.id ?? '', requestId: context.requestId };
    context.trial = {
      outcome: 'failed',
      onHeldUp: (failures, waitMs) => {
        if (!account) return;
        this.logger.warn({ event: 'auth.login.held_up', user_id: account.id, failures, wait_ms: waitMs });
        void this.audit.note({
          actor,
          action: 'login.held_up',
          targetType: 'user',
          targetId: account.id,
          details: { failures, wait_seconds: Math.round(waitMs / 1000) },
        });
      },
    };
  }

  private async create({ email, password, tier, roles }: AccountToEnsure): Promise<Account | undefined> {
    const passwordHash = await this.passwords.hash(password);
    return this.accounts.insertIfAbsent(
      { id: this.ids.next(), email: normaliseEmail(email), passwordHash, tier, roles },
      this.clock.now(),
    );
  }
}
