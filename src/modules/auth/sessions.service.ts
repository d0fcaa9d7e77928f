import { hash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AuthConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { type Ids, IDS } from '../../shared/context/ids.js';
import { AccessTokenIssuer } from './access-token.issuer.js';
import type { Account } from './account.js';
import { tokenExpired, tokenRevoked, unknownRefreshToken } from './auth.errors.js';
import { PrincipalService } from './principal.service.js';
import { type NewRefreshToken, RefreshTokenRepository } from './refresh-token.repository.js';
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
    private readonly config: AuthConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    private readonly logger: PinoLogger,
  ) {}

  async open(account: Account, ttl: SessionTtl = this.defaultTtl()): Promise<SignedIn> {
    const now = this.clock.now();
    const session: Session = { sessionId: this.ids.next(), userId: account.id };
    const { token, row } = this.newRefreshToken(now, ttl);
    await this.refreshTokens.removeExpired(account.id, new Date(now.getTime() - MAX_ACCESS_TTL_MS));
    await this.refreshTokens.insertFirst(session, row);
    return this.signedIn(account, session, token, ttl);
  }

  /**
   * Exchanges a refresh token for new tokens. Throws `unauthenticated` for one that was never given out, `token_expired`,
   * and `token_revoked` for one that was used before (which revokes its family), was revoked, or whose account is disabled.
   */
  async refresh(refreshToken: string): Promise<SignedIn> {
    const now = this.clock.now();
    const ttl = this.defaultTtl();
    const hash = hashOf(refreshToken);
    const { token, row } = this.newRefreshToken(now, ttl);
    const session = await this.refreshTokens.rotate(hash, row);
    if (!session) throw await this.refuse(hash);
    const account = await this.accounts.findById(session.userId);
    if (!account || account.isDisabled) {
      await this.end(session);
      throw tokenRevoked();
    }
    return this.signedIn(account, session, token, ttl);
  }

  /** Ends the session and, if it is the same user's, the one that the refresh token belongs to. */
  async logout(session: Session, refreshToken?: string): Promise<void> {
    await this.end(session);
    if (refreshToken === undefined) return;
    const found = await this.refreshTokens.find(hashOf(refreshToken));
    if (found && found.userId === session.userId && found.sessionId !== session.sessionId)
      await this.end(found);
  }

  private async refuse(hash: Buffer): Promise<Error> {
    const found = await this.refreshTokens.find(hash);
    if (!found) return unknownRefreshToken();
    if (found.isUsed && !found.isRevoked) {
      await this.end(found);
      this.logger.warn({ event: 'auth.refresh.reused', user_id: found.userId, session_id: found.sessionId });
    }
    return found.isUsed || found.isRevoked ? tokenRevoked() : tokenExpired();
  }

  /** Access tokens of the session stop at once here and within PRINCIPAL_TTL_MS elsewhere. */
  private async end(session: Session): Promise<void> {
    await this.refreshTokens.revokeFamily(session, this.clock.now());
    this.principals.forget(session);
  }

  private signedIn(account: Account, session: Session, refreshToken: string, ttl: SessionTtl): SignedIn {
    return {
      account,
      accessToken: this.accessTokens.issue(session, ttl.accessSeconds),
      refreshToken,
      expiresInSeconds: ttl.accessSeconds,
    };
  }

  private newRefreshToken(now: Date, ttl: SessionTtl): { token: string; row: NewRefreshToken } {
    const token = `prt_${randomBytes(32).toString('base64url')}`;
    const expiresAt = new Date(now.getTime() + ttl.refreshSeconds * 1000);
    return { token, row: { id: this.ids.next(), hash: hashOf(token), createdAt: now, expiresAt } };
  }

  private defaultTtl(): SessionTtl {
    return { accessSeconds: this.config.accessTtlSeconds, refreshSeconds: this.config.refreshTtlSeconds };
  }
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
