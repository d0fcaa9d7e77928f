import { JwtService } from '@nestjs/jwt';
import type { Request, Response } from 'express';
import { describe, expect, it } from '@jest/globals';
import type { AuthConfig } from '../../config/app-config.js';
import type { Clock } from '../../shared/context/clock.js';
import { uuidV7Ids } from '../../shared/context/ids.js';
import { AccessTokenIssuer } from './access-token.issuer.js';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { JwtStrategy } from './jwt.strategy.js';
import type { Session } from './session.js';

class Installation {
  nowMs = Date.UTC(2026, 10, 24);
  private readonly clock: Clock = { now: () => new Date(this.nowMs), monotonicMs: () => this.nowMs };
  private readonly issuer: AccessTokenIssuer;
  private readonly verifier: AccessTokenVerifier;

  constructor(secretText: string) {
    const secret = Buffer.from(secretText);
    const config = { issuer: 'perch', audience: 'perch' } as AuthConfig;
    this.issuer = new AccessTokenIssuer(new JwtService({ secret }), config, this.clock, uuidV7Ids);
    this.verifier = new AccessTokenVerifier(new JwtStrategy(secret, config, this.clock), this.clock);
  }

  issue(session: Session): string {
    return this.issuer.issue(session, 60);
  }

  verify(token: string) {
    return this.verifier.verify({ headers: { authorization: `Bearer ${token}` } } as Request, {} as Response);
  }
}

const session = (): Session => ({ userId: uuidV7Ids.next(), sessionId: uuidV7Ids.next() });

describe(AccessTokenVerifier.name, () => {
  it('gives every one of several requests of the same moment its own claims', async () => {
    const perch = new Installation('one secret of thirty-two bytes..');
    const sessions = Array.from({ length: 5 }, session);
    const claims = await Promise.all(sessions.map((each) => perch.verify(perch.issue(each))));
    expect(claims.map(({ userId, sessionId }) => ({ userId, sessionId }))).toEqual(sessions);
  });

  it('refuses a bad token beside a good one of the same moment', async () => {
    const perch = new Installation('one secret of thirty-two bytes..');
    const token = perch.issue(session());
    const [good, bad, again] = await Promise.allSettled([
      perch.verify(token),
      perch.verify(`${token.slice(0, -4)}AAAA`),
      perch.verify(token),
    ]);
    expect([good.status, bad.status, again.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('keeps two installations in one process apart', async () => {
    const [one, two] = [
      new Installation('one secret of thirty-two bytes..'),
      new Installation('another secret of that length...'),
    ];
    const token = one.issue(session());
    await expect(one.verify(token)).resolves.toBeDefined();
    await expect(two.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('knows to the second when a token that it remembers has expired', async () => {
    const perch = new Installation('one secret of thirty-two bytes..');
    const token = perch.issue(session());
    await perch.verify(token);
    perch.nowMs += 59_999;
    await expect(perch.verify(token)).resolves.toBeDefined();
    perch.nowMs += 1;
    await expect(perch.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
    await expect(perch.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
  });
});
