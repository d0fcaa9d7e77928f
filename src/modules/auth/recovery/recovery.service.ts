import { hash, randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS } from '../../../shared/context/ids.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { emailTaken, invalidMailToken } from '../auth.errors.js';
import { normaliseEmail } from '../email.js';
import { Mailer } from '../mail/mailer.js';
import { PasswordHasher } from '../password-hasher.js';
import { PasswordRules } from '../passwords/password-rules.js';
import { PrincipalService } from '../principal.service.js';
import { SecurityAudit } from '../security-audit.js';
import { SessionsService } from '../sessions.service.js';
import { UserAccountRepository } from '../user-account.repository.js';
import { AccountMails } from './account-mails.js';
import { AccountTokenRepository, type TokenPurpose } from './account-token.repository.js';

const HOUR_MS = 3_600_000;
const LIFETIME_MS: Readonly<Record<TokenPurpose, number>> = {
  password_reset: HOUR_MS,
  email_change: 24 * HOUR_MS,
};
/** So often an account gets a mail of a kind: nobody's mailbox is filled by strangers. */
const MAIL_EVERY_MS = 2 * 60_000;
/** Requests for mails that are worked on at the same time; more are dropped. */
const MAX_AT_ONCE = 50;

/** What is done with a token that was sent by mail: it is 256 random bits, good once, and stored as a hash. */
@Injectable()
export class RecoveryService implements OnApplicationShutdown {
  private readonly working = new Set<Promise<void>>();

  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly tokens: AccountTokenRepository,
    private readonly passwords: PasswordHasher,
    private readonly rules: PasswordRules,
    private readonly sessions: SessionsService,
    private readonly principals: PrincipalService,
    private readonly mails: AccountMails,
    private readonly mailer: Mailer,
    private readonly audit: SecurityAudit,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.working);
  }

  /** Returns at once, whether or not there is such an account: what is to be done is done beside the answer. */
  forgot(email: string): void {
    if (this.working.size >= MAX_AT_ONCE) {
      this.logger.warn({ event: 'auth.password.forgot_dropped' });
      return;
    }
    const work = this.sendReset(normaliseEmail(email)).catch((error: unknown) => {
      this.logger.error({ event: 'auth.password.forgot_failed', err: error });
    });
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
  }

  /**
   * A new password for whoever can read the account's mail; all its sessions end. Throws `unauthenticated` for a token that
   * is unknown, used or expired, and `validation_failed` for a password that is guessed first, which uses nothing up.
   */
  async reset(token: string, password: string): Promise<void> {
    const now = this.clock.now();
    const hash = hashOf(token);
    const found = await this.tokens.find(hash, 'password_reset', now);
    if (!found) throw invalidMailToken();
    await this.rules.assertGood(password, found.accountEmail);
    const passwordHash = await this.passwords.hash(password);
    if (!(await this.tokens.resetPassword(hash, found.userId, passwordHash, now))) throw invalidMailToken();
    await this.sessions.revokeAll(found.userId);
    const context = requestContext.current();
    if (context) context.trial = { outcome: 'proven', account: found.accountEmail };
    await this.note('password.reset', found.userId);
    this.mailer.send(this.mails.passwordChanged(found.accountEmail));
  }

  /** Sends a token to the address that the account shall have. Says nothing of whether somebody else has it. */
  async requestEmail(userId: string, email: string): Promise<void> {
    const wanted = normaliseEmail(email);
    if (await this.accounts.findByEmail(wanted)) return;
    const token = await this.issue(userId, 'email_change', wanted);
    if (token !== undefined) this.mailer.send(this.mails.emailConfirmation(wanted, token));
  }

  /** Throws `unauthenticated` for a token that is unknown, used or expired, `email_taken` if it is meanwhile. */
  async confirmEmail(token: string): Promise<void> {
    const now = this.clock.now();
    const hash = hashOf(token);
    const found = await this.tokens.find(hash, 'email_change', now);
    const outcome = found && (await this.tokens.confirmEmail(hash, found.userId, now));
    if (!found || outcome === 'unknown_token') throw invalidMailToken();
    if (outcome === 'email_taken') throw emailTaken();
    this.principals.forget(found.userId);
    await this.note('email.change', found.userId);
    this.mailer.send(this.mails.emailChanged(found.accountEmail));
  }

  private async sendReset(email: string): Promise<void> {
    const account = await this.accounts.findByEmail(email);
    if (!account || account.isDisabled) return;
    const token = await this.issue(account.id, 'password_reset', email);
    if (token === undefined) return;
    this.logger.info({ event: 'auth.password.reset_requested', user_id: account.id });
    this.mailer.send(this.mails.passwordReset(email, token));
  }

  /** `undefined`: there was one a moment ago. */
  private async issue(userId: string, purpose: TokenPurpose, email: string): Promise<string | undefined> {
    const createdAt = this.clock.now();
    const token = randomBytes(32).toString('base64url');
    const isStored = await this.tokens.put(
      {
        id: this.ids.next(),
        userId,
        purpose,
        hash: hashOf(token),
        email,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + LIFETIME_MS[purpose]),
      },
      new Date(createdAt.getTime() - MAIL_EVERY_MS),
    );
    return isStored ? token : undefined;
  }

  private note(action: string, userId: string): Promise<void> {
    this.logger.info({ event: `auth.${action}`, user_id: userId });
    const actor = { userId, requestId: requestContext.current()?.requestId };
    return this.audit.note({ actor, action, targetType: 'user', targetId: userId });
  }
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
