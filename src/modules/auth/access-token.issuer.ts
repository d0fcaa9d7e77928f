import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { type Ids, IDS } from '../../shared/context/ids.js';
import { ACCESS_TOKEN_ALGORITHM, type AccessPayload } from './access-token.js';
import type { Session } from './session.js';

@Injectable()
export class AccessTokenIssuer {
  constructor(
    private readonly jwt: JwtService,
    private readonly config: AuthConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  issue(session: Session, ttlSeconds: number): string {
    const iat = Math.floor(this.clock.now().getTime() / 1000);
    const payload: AccessPayload = {
      typ: 'access',
      sub: session.userId,
      sid: session.sessionId,
      jti: this.ids.next(),
      iat,
      exp: iat + ttlSeconds,
    };
    return this.jwt.sign(payload, {
      algorithm: ACCESS_TOKEN_ALGORITHM,
      issuer: this.config.issuer,
      audience: this.config.audience,
    });
  }
}
