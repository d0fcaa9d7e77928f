import { hash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AuthConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { type Ids, IDS, isUuid } from '../../shared/context/ids.js';
import { requestContext } from '../../shared/context/request-context.js';
import { notFound } from '../../shared/errors/app-error.js';
import { AccessTokenIssuer } from './access-token.issuer.js';
import type { Account } from './account.js';
import { tokenExpired, tokenRevoked, unknownRefreshToken } from './auth.errors.js';
import { PrincipalService } from './principal.service.js';
import {
  type NewRefreshToken,
  type OpenSession,
  RefreshTokenRepository,
} from './refresh-token.repository.js';
import { SecurityAudit } from './security-audit.js';
import type { Session } from './session.js';
import { UserAccountRepository } from './user-account.repository.js';

export interface SignedIn {
  readonly account: Account;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Of the access token. */
  readonly expiresInSeconds: number;
}

export interface SessionTtl {
  readonly accessSeconds: number;
  readonly refreshSeconds: number;
}

/** The longest an access token can live (AUTH_ACCESS_TTL_SECONDS): so long its family must be remembered. */
const MAX_ACCESS_TTL_MS = 86_400_000;
/** More nobody looks through. */
const MAX_LISTED = 100;

/**
 * Sessions: what begins with a login and lives on by refresh tokens. A refresh token is 256 random bits, good for one
 * use; presenting it a second time means that it was copied, and ends the session for everybody who holds a part of it.
 */
@Injectable()
export class SessionsService {
  constructor(
    private readonly refreshTokens: RefreshTokenRepository,
    private readonly accounts: UserAccountRepository,
    private readonly principals: PrincipalService,
    private readonly accessTokens: AccessTokenIssuer,
    private readonly audit: SecurityAudit,
    private readonly config: AuthConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    private readonly logger: PinoLogger,
  ) {}

  /** `client`: the program that logs in, so that its user knows the session again. */
  async open(account: Account, client?: string, ttl: SessionTtl = this.defaultTtl()): Promise<SignedIn> {
    const now = this.clock.now();
    const session: Session = { sessionId: this.ids.next(), userId: account.id };
    const { token, row } = this.newRefreshToken(now, ttl, client);
    await this.refreshTokens.removeExpired(account.id, new Date(now.getTime() - MAX_ACCESS_TTL_MS));
    await this.refreshTokens.insertFirst(session, row);
    return this.signedIn(account, session, token, ttl);
  }

  /**
   * Exchanges a refresh token for new tokens. Throws `unauthenticated` for one that was never given out, `token_expired`,
   * and `token_revoked` for one that was used before (which revokes its family), was revoked, or whose account is disabled.
   */
  async refresh(refreshToken: string, client?: string): Promise<SignedIn> {
    const now = this.clock.now();
    const ttl = this.defaultTtl();
    const hash = hashOf(refreshToken);
    const { token, row } = this.newRefreshToken(now, ttl, client);
    const session = await this.refreshTokens.rotate(hash, row);
    if (!session) throw await this.refuse(hash);
    const account = await this.accounts.findById(session.userId);
    if (!account || account.isDisabled) {
      await this.end(session);
      throw tokenRevoked();
    }
    return this.signedIn(account, session, token, ttl);
  }

  /**
   * Ends the session and, if it is the same user's, the one that the refresh token belongs to; with `isEverywhere` all
   * sessions of the user.
   */
  async logout(session: Session, refreshToken?: string, isEverywhere = false): Promise<void> {
    await this.end(session);
    if (isEverywhere) {
      await this.revokeAll(session.userId);
      await this.note('session.revoke_all', session);
      return;
    }
    if (refreshToken === undefined) return;
    const found = await this.refreshTokens.find(hashOf(refreshToken));
    if (found && found.userId === session.userId && found.sessionId !== session.sessionId)
      await this.end(found);
  }

  /** Those that go on, newest first. */
  list(userId: string): Promise<OpenSession[]> {
    return this.refreshTokens.findOpen(userId, this.clock.now(), MAX_LISTED);
  }

  /** Throws `not_found` for what is no session of this user that goes on. */
  async revoke(userId: string, sessionId: string): Promise<void> {
    if (!isUuid(sessionId) || !(await this.end({ userId, sessionId }))) throw notFound();
    await this.note('session.revoke', { userId, sessionId });
  }

  /** All sessions of the user, but for one if it is named. */
  async revokeAll(userId: string, exceptSessionId?: string): Promise<void> {
    await this.refreshTokens.revokeAll(userId, this.clock.now(), exceptSessionId);
    this.principals.forget(userId);
  }

  private async refuse(hash: Buffer): Promise<Error> {
    const found = await this.refreshTokens.find(hash);
    if (!found) return unknownRefreshToken();
    if (found.isUsed && !found.isRevoked) {
      this.logger.warn({ event: 'auth.refresh.reused', user_id: found.userId, session_id: found.sessionId });
      if (await this.end(found)) await this.note('session.refresh_reused', found);
    }
    return found.isUsed || found.isRevoked ? tokenRevoked() : tokenExpired();
  }

  /** Access tokens of the session stop at once here and a moment later elsewhere. False: it was over already. */
  private async end(session: Session): Promise<boolean> {
    const isEnded = await this.refreshTokens.revokeFamily(session, this.clock.now());
    this.principals.forget(session.userId);
    return isEnded;
  }

  private note(action: string, { userId, sessionId }: Session): Promise<void> {
    const actor = { userId, requestId: requestContext.current()?.requestId };
    return this.audit.note({ actor, action, targetType: 'session', targetId: sessionId });
  }

  private signedIn(account: Account, session: Session, refreshToken: string, ttl: SessionTtl): SignedIn {
    return {
      account,
      accessToken: this.accessTokens.issue(session, ttl.accessSeconds),
      refreshToken,
      expiresInSeconds: ttl.accessSeconds,
    };
  }

  private newRefreshToken(
    now: Date,
    ttl: SessionTtl,
    client: string | undefined,
  ): { token: string; row: NewRefreshToken } {
    const token = `prt_${randomBytes(32).toString('base64url')}`;
    const expiresAt = new Date(now.getTime() + ttl.refreshSeconds * 1000);
    return { token, row: { id: this.ids.next(), hash: hashOf(token), createdAt: now, expiresAt, client } };
  }

  private defaultTtl(): SessionTtl {
    return { accessSeconds: this.config.accessTtlSeconds, refreshSeconds: this.config.refreshTtlSeconds };
  }
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
