import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AuthApplication,
  JWT_SECRET,
  logLines,
  registered,
  startAuthApplication,
  type Tokens,
} from './auth-application.js';

type Json = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;

function signed(payload: Json | null, header: Json = {}, secret: string | Buffer = JWT_SECRET): string {
  const body = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(payload)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

describe('the guards', () => {
  let auth: AuthApplication;
  let tokens: Tokens;
  let payload: Json;

  beforeAll(async () => {
    auth = await startAuthApplication();
    tokens = await registered(auth);
    payload = decode(tokens.access_token.split('.')[1]!);
  });
  afterAll(() => auth.close());

  const get = (path: string, token?: string) => {
    const request = auth.http.get(path);
    return token === undefined ? request : request.set('Authorization', `Bearer ${token}`);
  };
  const update = (column: string, value: unknown, userId: string) =>
    auth.dataSource.query(`UPDATE user_account SET ${column} = $1 WHERE id = $2`, [value, userId]);

  it('accept a token that is signed as ours are', async () => {
    expect((await get('/auth/me', signed(payload))).status).toBe(200);
  });

  it('take the scheme in any case and nothing but one token after it', async () => {
    const send = (header: string) => auth.http.get('/auth/me').set('Authorization', header);
    expect((await send(`bearer ${tokens.access_token}`)).status).toBe(200);
    for (const header of [
      tokens.access_token,
      `Token ${tokens.access_token}`,
      `XBearer ${tokens.access_token}`,
      `Basic Bearer ${tokens.access_token}`,
      `Bearer ${tokens.access_token} ${tokens.access_token}`,
      `Bearer ${tokens.access_token},x`,
      'Bearer',
      'Bearer ',
    ]) {
      expect([header, (await send(header)).status]).toEqual([header, 401]);
    }
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const rs256 = (claims: Json) => {
    const body = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${body}.${createSign('RSA-SHA256').update(body).sign(rsa.privateKey, 'base64url')}`;
  };
  const without = (name: string) =>
    Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name));
  const own = () => tokens.access_token.split('.') as [string, string, string];

  const BROKEN: [string, () => string][] = [
    ['garbage', () => 'garbage'],
    ['three dots', () => '...'],
    ['alg none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(payload)}.`],
    ['alg None', () => `${encode({ alg: 'None', typ: 'JWT' })}.${encode(payload)}.`],
    ['alg none with our signature', () => `${encode({ alg: 'none' })}.${own()[1]}.${own()[2]}`],
    ['HS256 keyed with an RSA public key', () => signed(payload, {}, rsaPublic)],
    ['RS256', () => rs256(payload)],
    ['HS512 in the header', () => signed(payload, { alg: 'HS512' })],
    ['kid that walks the file system', () => signed(payload, { kid: '../../../../dev/null' }, '')],
    ['kid that is SQL', () => signed(payload, { kid: "' UNION SELECT 'key" }, 'key')],
    ['jku of somebody else', () => signed(payload, { jku: 'http://127.0.0.1:1/jwks' }, 'x')],
    ['x5u of somebody else', () => signed(payload, { x5u: 'http://127.0.0.1:1/x5u' }, 'x')],
    ['an empty signature', () => `${own()[0]}.${own()[1]}.`],
    [
      'a changed signature',
      () => `${own()[0]}.${own()[1]}.${own()[2].startsWith('A') ? 'B' : 'A'}${own()[2].slice(1)}`,
    ],
    ['a changed payload', () => `${own()[0]}.${encode({ ...payload, sub: 'admin' })}.${own()[2]}`],
    ['nbf in the future', () => signed({ ...payload, nbf: (payload.iat as number) + 3600 })],
    ['another audience', () => signed({ ...payload, aud: 'somebody-else' })],
    ['no audience', () => signed(without('aud'))],
    ['another issuer', () => signed({ ...payload, iss: 'somebody-else' })],
    ['no issuer', () => signed(without('iss'))],
    ['no exp', () => signed(without('exp'))],
    ['exp that is no number', () => signed({ ...payload, exp: '9999999999' })],
    ['no session', () => signed(without('sid'))],
    ['a subject that is no id', () => signed({ ...payload, sub: "' OR 1=1 --" })],
    ['typ refresh', () => signed({ ...payload, typ: 'refresh' })],
    ['no typ', () => signed(without('typ'))],
    ['a refresh token', () => tokens.refresh_token],
    [
      'the token of another installation',
      () => signed(payload, {}, 'another-secret-that-is-long-enough-0123456789'),
    ],
    ['a payload that is null', () => signed(null)],
    ['an oversized token', () => 'a'.repeat(9_000)],
    ['expired and for another audience', () => signed({ ...payload, aud: 'somebody-else', exp: 1 })],
  ];

  it.each(BROKEN)('answer %s with the same 401 as no token at all', async (_, make) => {
    const none = await get('/auth/me');
    expect(none.status).toBe(401);
    expect(none.body).toMatchObject({ code: 'unauthenticated' });
    expect(none.headers['www-authenticate']).toBe('Bearer realm="perch"');

    const broken = await get('/auth/me', make());
    expect(broken.status).toBe(401);
    expect(broken.text).toBe(none.text);
    expect(broken.headers['www-authenticate']).toBe('Bearer realm="perch", error="invalid_token"');
  });

  it('ignore a token in the query string, the body and other headers', async () => {
    const { access_token: token } = tokens;
    for (const request of [
      auth.http.get(`/auth/me?token=${token}&access_token=${token}`),
      auth.http.get('/auth/me').set('x-api-key', token),
      auth.http.get('/auth/me').set('Cookie', `access_token=${token}`),
      auth.http.post('/auth/logout').send({ access_token: token }),
    ]) {
      expect((await request).status).toBe(401);
    }
  });

  it('answer 401 on every private route and nothing on public ones', async () => {
    expect((await get('/probe/open')).body).toEqual({ isOpen: true });
    expect((await get('/probe/open', 'garbage')).status).toBe(200);
    for (const path of ['/probe/tier', '/probe/admin', '/auth/me'])
      expect((await get(path)).status).toBe(401);
    expect((await auth.http.post('/auth/logout')).status).toBe(401);
  });

  it('tell an expired token from a broken one, cached or not', async () => {
    const { access_token } = await registered(auth);
    expect((await get('/auth/me', access_token)).status).toBe(200);
    auth.clock.advance(900_000 - 1);
    expect((await get('/auth/me', access_token)).status).toBe(200);
    auth.clock.advance(1);
    for (const token of [access_token, tokens.access_token]) {
      const expired = await get('/auth/me', token);
      expect(expired.body).toMatchObject({ status: 401, code: 'token_expired' });
      expect(expired.headers['www-authenticate']).toContain('error="invalid_token"');
    }
    tokens = await registered(auth);
    payload = decode(tokens.access_token.split('.')[1]!);
  });

  it('do not let two tokens with an equal beginning share what was found out about one', async () => {
    const { access_token: good } = tokens;
    expect((await get('/auth/me', good)).status).toBe(200);
    const last = good.at(-1) === 'A' ? 'B' : 'A';
    // The last character but one: all of its bits are part of the signature.
    const similar = `${good.slice(0, -2)}${good.at(-2) === 'A' ? 'B' : 'A'}${last}`;
    expect((await get('/auth/me', similar)).body).toMatchObject({ code: 'unauthenticated' });
    expect((await get('/auth/me', `${good}A`)).status).toBe(401);

    const other = await registered(auth);
    const both = await Promise.all([get('/auth/me', good), get('/auth/me', other.access_token)]);
    expect(both.map((response) => response.body.id as string)).toEqual([tokens.user.id, other.user.id]);
  });

  it('keep many simultaneous callers apart, whose tokens are all seen for the first time', async () => {
    const users = await Promise.all(Array.from({ length: 6 }, () => registered(auth)));
    const callers = users.flatMap((user) => [user, undefined, user]);
    const answers = await Promise.all(
      callers.map((user) => get('/auth/me', user?.access_token ?? 'garbage')),
    );
    expect(answers.map((answer) => answer.body.id as string | undefined)).toEqual(
      callers.map((user) => user?.user.id),
    );
  });

  it('believe the database about the tier, not the token, within three seconds of a change', async () => {
    const { access_token, user } = await registered(auth);
    const claims = decode(access_token.split('.')[1]!);
    const boastful = signed({ ...claims, tier: 'pro', roles: ['admin'], permissions: ['admin'] });
    expect((await get('/probe/tier', boastful)).body).toEqual({ tier: 'free' });
    expect((await get('/probe/admin', boastful)).status).toBe(403);

    await update('tier', 'basic', user.id);
    auth.clock.advance(2_999);
    expect((await get('/probe/tier', access_token)).body).toEqual({ tier: 'free' });
    auth.clock.advance(1);
    expect((await get('/probe/tier', access_token)).body).toEqual({ tier: 'basic' });
  });

  it('stop a disabled user within three seconds, and a deleted one', async () => {
    const [disabled, deleted] = [await registered(auth), await registered(auth)];
    for (const { access_token } of [disabled, deleted])
      expect((await get('/auth/me', access_token)).status).toBe(200);
    await update('disabled_at', auth.clock.now(), disabled.user.id);
    await auth.dataSource.query('DELETE FROM user_account WHERE id = $1', [deleted.user.id]);
    auth.clock.advance(3_000);
    for (const { access_token } of [disabled, deleted]) {
      const answer = await get('/auth/me', access_token);
      expect(answer.body).toMatchObject({ status: 401, code: 'token_revoked' });
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
  });

  it("refuse a token whose session is another user's", async () => {
    const [mine, theirs] = [await registered(auth), await registered(auth)];
    const [a, b] = [mine, theirs].map(({ access_token }) => decode(access_token.split('.')[1]!)) as [
      Json,
      Json,
    ];
    expect((await get('/auth/me', signed({ ...a, sid: b.sid }))).body).toMatchObject({
      code: 'token_revoked',
    });
  });

  it('answer 403 to who lacks the permission and let in who has it by role or by themselves', async () => {
    const { access_token, user } = await registered(auth);
    const refused = await get('/probe/admin', access_token);
    expect(refused.body).toMatchObject({ status: 403, code: 'forbidden' });
    await update('permissions', ['admin'], user.id);
    auth.clock.advance(3_000);
    expect((await get('/probe/admin', access_token)).body).toEqual({ isAdmin: true });
    await update('permissions', ['no:such:thing'], user.id);
    await update('roles', ['admin'], user.id);
    auth.clock.advance(3_000);
    expect((await get('/probe/admin', access_token)).body).toEqual({ isAdmin: true });
  });

  it('write no token into the log', () => {
    expect(logLines.join('')).not.toMatch(/eyJ|prt_/);
  });
});
