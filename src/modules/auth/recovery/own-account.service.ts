import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { validationFailed } from '../../../shared/errors/app-error.js';
import { noPassword } from '../auth.errors.js';
import { Mailer } from '../mail/mailer.js';
import { type ConfirmedAction, OwnerConfirmation } from '../owner-confirmation.js';
import { PasswordHasher } from '../password-hasher.js';
import { PasswordRules } from '../passwords/password-rules.js';
import { SecurityAudit } from '../security-audit.js';
import { SessionsService } from '../sessions.service.js';
import { UserAccountRepository } from '../user-account.repository.js';
import { AccountMails } from './account-mails.js';
import { AccountTokenRepository } from './account-token.repository.js';
import { RecoveryService } from './recovery.service.js';

/** What people change of their own account while they are logged in. Each change asks for the password again. */
@Injectable()
export class OwnAccountService {
  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly tokens: AccountTokenRepository,
    private readonly recovery: RecoveryService,
    private readonly confirmation: OwnerConfirmation,
    private readonly passwords: PasswordHasher,
    private readonly rules: PasswordRules,
    private readonly sessions: SessionsService,
    private readonly mails: AccountMails,
    private readonly mailer: Mailer,
    private readonly audit: SecurityAudit,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The sessions of the account end, but for `sessionId`. Throws `forbidden` for an account that has no password,
   * `validation_failed` for a wrong password and for a new one that is guessed first, `rate_limited` after too many tries.
   */
  async changePassword(userId: string, sessionId: string, current: string, next: string): Promise<void> {
    const email = await this.assertPassword(userId, current, '/current_password', 'password.change');
    await this.rules.assertGood(next, email, '/new_password');
    await this.accounts.changePasswordHash(userId, await this.passwords.hash(next), this.clock.now());
    await this.tokens.removeAll(userId);
    await this.sessions.revokeAll(userId, sessionId);
    this.logger.info({ event: 'auth.password.change', user_id: userId });
    const actor = { userId, requestId: requestContext.current()?.requestId };
    await this.audit.note({ actor, action: 'password.change', targetType: 'user', targetId: userId });
    this.mailer.send(this.mails.passwordChanged(email));
  }

  /** Throws `forbidden`, `validation_failed` and `rate_limited` like `changePassword`. */
  async requestEmail(userId: string, email: string, password: string): Promise<void> {
    await this.assertPassword(userId, password, '/password', 'email.change');
    await this.recovery.requestEmail(userId, email);
  }

  private async assertPassword(
    userId: string,
    password: string,
    pointer: string,
    wanted: ConfirmedAction,
  ): Promise<string> {
    const account = await this.accounts.findById(userId);
    if (!account || account.passwordHash === null || account.email === null) throw noPassword();
    if (await this.confirmation.isGiven(account, { password }, wanted)) return account.email;
    throw validationFailed([{ pointer, detail: 'is not the password of the account' }]);
  }
}
