import { Inject, Injectable } from '@nestjs/common';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { PinoLogger } from 'nestjs-pino';
import { AuthConfig, type IdentityProviderConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { identityProviderAway, tokenExpired, unauthenticated } from '../auth.errors.js';
import type { Caller } from '../caller.js';
import { toPrincipal } from '../role-permissions.js';
import { ExternalAccounts } from './external-accounts.js';
import { readExternalClaims } from './external-claims.js';
import { KeysUnavailable } from './fetch-jwks.js';
import { ProviderKeys } from './provider-keys.js';

const CLOCK_TOLERANCE_SECONDS = 30;

/** Tells who speaks through a token of the outside identity provider, or throws. */
@Injectable()
export class ExternalTokenVerifier {
  private readonly provider: IdentityProviderConfig | undefined;
  private readonly keys: ProviderKeys | undefined;

  constructor(
    config: AuthConfig,
    private readonly accounts: ExternalAccounts,
    @Inject(CLOCK) private readonly clock: Clock,
    logger: PinoLogger,
  ) {
    this.provider = config.identityProvider;
    this.keys = this.provider && new ProviderKeys(this.provider.jwksUri, clock, logger);
  }

  /** Whether the token says that it is the provider's. Decides only by whose rules it is checked. */
  claimsToBe(token: string): boolean {
    if (!this.provider) return false;
    try {
      return decodeJwt(token).iss === this.provider.issuer;
    } catch {
      return false;
    }
  }

  /**
   * Throws `unauthenticated`, `token_expired`, `token_revoked`; `dependency_unavailable` (503) for a token whose key is not
   * known while the provider's keys cannot be had.
   */
  async verify(token: string): Promise<Caller> {
    if (!this.provider || !this.keys) throw unauthenticated();
    const claims = readExternalClaims(await this.payloadOf(token), this.provider.claims);
    if (!claims) throw unauthenticated();
    const principal = toPrincipal(await this.accounts.accountOf(claims));
    const { userId } = principal;
    return { principal, credential: { kind: 'external', userId, id: userId } };
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    const { issuer, audiences, algorithms } = this.provider!;
    try {
      const { payload } = await jwtVerify(token, this.keys!.keyFor, {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: this.clock.now(),
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw tokenExpired();
      if (error instanceof KeysUnavailable) throw identityProviderAway(error);
      // Whatever a verifier throws at a strange token, the caller has no valid one.
      throw unauthenticated();
    }
  }
}
