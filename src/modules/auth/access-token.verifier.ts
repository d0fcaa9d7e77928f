import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import passport from 'passport';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { AccessClaims } from './access-token.js';
import { tokenExpired, unauthenticated } from './auth.errors.js';
import { bearerToken } from './bearer-token.js';
import { JwtStrategy } from './jwt.strategy.js';

const MAX_VERIFIED_TOKENS = 10_000;

/**
 * Tells what the request's access token says, or throws a 401: nothing in between. Tokens that were found good are
 * remembered under the SHA-256 of the whole token, so that no two tokens can share an entry.
 */
@Injectable()
export class AccessTokenVerifier {
  private readonly verified = new LRUCache<string, AccessClaims>({ max: MAX_VERIFIED_TOKENS });

  constructor(
    private readonly strategy: JwtStrategy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async verify(request: Request, response: Response): Promise<AccessClaims> {
    const token = bearerToken(request);
    if (token === undefined) throw unauthenticated();
    const key = hash('sha256', token, 'base64');
    const claims = this.verified.get(key) ?? (await this.authenticate(request, response));
    if (claims.expiresAt * 1000 <= this.clock.now().getTime()) {
      this.verified.delete(key);
      throw tokenExpired();
    }
    this.verified.set(key, claims);
    return claims;
  }

  private authenticate(request: Request, response: Response): Promise<AccessClaims> {
    // Passport writes the request's callbacks onto the strategy object, so every request needs its own. Its registry of
    // strategies by name would do the same, but is shared by all applications in the process.
    const strategy = Object.create(this.strategy) as JwtStrategy;
    return new Promise<AccessClaims>((resolve, reject) => {
      const done = (error: unknown, claims: AccessClaims | false | null | undefined): void => {
        if (claims && !error) resolve(claims);
        else reject(unauthenticated());
      };
      const run = passport.authenticate(strategy, { session: false }, done) as RequestHandler;
      void run(request, response, reject);
    }).catch(() => {
      // Whatever a verifier throws at a strange token, the caller has no valid one.
      throw unauthenticated();
    });
  }
}
