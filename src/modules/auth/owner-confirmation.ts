import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CONFIRMATION_LIMIT, type ConfirmationLimit } from '../../shared/access/confirmation-limit.js';
import { requestContext } from '../../shared/context/request-context.js';
import type { Account } from './account.js';
import { normaliseEmail } from './email.js';
import { PasswordHasher } from './password-hasher.js';
import { SecurityAudit } from './security-audit.js';

/** What a token alone is not enough for. */
export type ConfirmedAction = 'password.change' | 'email.change' | 'user.erase';

/** How callers say that they mean it. */
export interface Confirmation {
  readonly password?: string;
  /** For accounts without a password. */
  readonly email?: string;
}

/** Tells an account's owner from somebody who merely has a token of theirs, only so often; failures are in the trail. */
@Injectable()
export class OwnerConfirmation {
  constructor(
    private readonly passwords: PasswordHasher,
    @Inject(CONFIRMATION_LIMIT) private readonly limit: ConfirmationLimit,
    private readonly audit: SecurityAudit,
    private readonly logger: PinoLogger,
  ) {}

  /** By the password, or where the account has none by its email. Throws `rate_limited` without looking at either. */
  async isGiven(account: Account, shown: Confirmation, wanted: ConfirmedAction): Promise<boolean> {
    await this.limit.take(account.id);
    if (await this.isRight(account, shown)) return true;
    this.logger.warn({ event: 'auth.confirmation.failed', user_id: account.id, wanted });
    await this.audit.note({
      actor: { userId: account.id, requestId: requestContext.current()?.requestId },
      action: 'confirmation.failed',
      targetType: 'user',
      targetId: account.id,
      outcome: 'refused',
      details: { wanted },
    });
    return false;
  }

  private async isRight({ passwordHash, email }: Account, shown: Confirmation): Promise<boolean> {
    if (passwordHash === null) return shown.email !== undefined && normaliseEmail(shown.email) === email;
    return shown.password !== undefined && this.passwords.verify(passwordHash, shown.password);
  }
}
