import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import { AuthConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { ACCESS_TOKEN_ALGORITHM, type AccessClaims, readClaims } from './access-token.js';
import { unauthenticated } from './auth.errors.js';
import { bearerToken } from './bearer-token.js';
import { SIGNING_SECRET } from './signing-secret.js';

/**
 * Our own access tokens: one fixed algorithm, so that no header of a token chooses how it is checked; issuer and
 * audience as configured. Whether a token has expired is for `AccessTokenVerifier` to say, for cached ones as well.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'perch-access-token') {
  constructor(
    @Inject(SIGNING_SECRET) secret: Buffer,
    config: AuthConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super({
      secretOrKey: secret,
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer: config.issuer,
      audience: config.audience,
      jwtFromRequest: (request: Request) => bearerToken(request) ?? null,
      ignoreExpiration: true,
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
  }

  validate(payload: unknown): AccessClaims {
    const claims = readClaims(payload, this.clock.now());
    if (!claims) throw unauthenticated();
    return claims;
  }
}
