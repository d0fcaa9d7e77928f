import { describe, expect, it } from '@jest/globals';
import { type AccessPayload, readClaims } from './access-token.js';

const NOW = new Date('2026-11-24T09:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const PAYLOAD: AccessPayload = {
  typ: 'access',
  sub: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
  sid: '0193ab3f-1d20-7000-8000-6b1f0e9a4c56',
  jti: 'one',
  iat: SECONDS,
  exp: SECONDS + 900,
};

describe(readClaims.name, () => {
  it('reads who, which session and until when, and drops every other claim', () => {
    expect(readClaims({ ...PAYLOAD, tier: 'pro', roles: ['admin'] }, NOW)).toEqual({
      userId: PAYLOAD.sub,
      sessionId: PAYLOAD.sid,
      tokenId: 'one',
      expiresAt: SECONDS + 900,
    });
  });

  it.each(Object.keys(PAYLOAD))('knows no token without %s', (claim) => {
    const rest = Object.fromEntries(Object.entries(PAYLOAD).filter(([name]) => name !== claim));
    expect(readClaims(rest, NOW)).toBeUndefined();
  });

  it.each([undefined, null, 'text', [], { ...PAYLOAD, typ: 'refresh' }, { ...PAYLOAD, exp: Infinity }])(
    'knows no token in %j',
    (payload) => expect(readClaims(payload, NOW)).toBeUndefined(),
  );

  it('waits for nbf to the second', () => {
    expect(readClaims({ ...PAYLOAD, nbf: SECONDS }, NOW)).toBeDefined();
    expect(readClaims({ ...PAYLOAD, nbf: SECONDS + 1 }, NOW)).toBeUndefined();
  });
});
