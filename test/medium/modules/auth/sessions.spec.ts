import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AuthApplication,
  logLines,
  PASSWORD,
  registered,
  startAuthApplication,
  type Tokens,
} from './auth-application.js';

describe('sessions', () => {
  let auth: AuthApplication;

  beforeAll(async () => {
    auth = await startAuthApplication();
  });
  afterAll(() => auth.close());

  const refresh = (token: string) => auth.http.post('/auth/refresh').send({ refresh_token: token });
  const me = (token: string) => auth.http.get('/auth/me').set('Authorization', `Bearer ${token}`);
  const sessionsOf = async (token: string): Promise<unknown[]> => {
    const answer = await auth.http.get('/auth/sessions').set('Authorization', `Bearer ${token}`);
    return (answer.body as { sessions: unknown[] }).sessions;
  };
  const pastPrincipalCache = () => auth.clock.advance(3_000);

  it('registers, tells who the caller is, and logs in again in any spelling of the email', async () => {
    const made = await auth.http
      .post('/auth/register')
      .send({ email: ' Ada@Example.COM ', password: PASSWORD });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 900,
      user: { email: 'ada@example.com' },
    });

    const login = await auth.http.post('/auth/login').send({ email: 'ADA@example.com', password: PASSWORD });
    expect(login.status).toBe(200);
    const who = await me((login.body as Tokens).access_token);
    expect(who.status).toBe(200);
    expect(who.body).toEqual({
      id: made.body.user.id,
      email: 'ada@example.com',
      name: null,
      tier: 'free',
      roles: ['user'],
      permissions: ['agent:run', 'conversations:manage', 'models:read', 'tools:use'],
    });
  });

  it('answers 409 to a second account with the same email in another spelling, also when both come at once', async () => {
    const attempt = (email: string) => auth.http.post('/auth/register').send({ email, password: PASSWORD });
    const both = await Promise.all([attempt('grace@example.com'), attempt('GRACE@EXAMPLE.com')]);
    expect(both.map((response) => response.status).sort()).toEqual([201, 409]);
    expect(both.find((response) => response.status === 409)!.body).toMatchObject({ code: 'email_taken' });
  });

  it.each([
    ['an email without @', { email: 'ada', password: PASSWORD }],
    ['a NUL in the email', { email: 'a\0b@example.com', password: PASSWORD }],
    ['a lone surrogate in the email', { email: 'a\ud800@example.com', password: PASSWORD }],
    ['a short password', { email: 'short@example.com', password: '1234567' }],
    ['a long password', { email: 'long@example.com', password: 'x'.repeat(257) }],
    ['a lone surrogate in the password', { email: 'odd@example.com', password: `12345678\udfff` }],
    ['a password that is no text', { email: 'odd@example.com', password: { $gt: '' } }],
    ['an unknown field', { email: 'odd@example.com', password: PASSWORD, tier: 'pro' }],
  ])('refuses to register with %s', async (_, body) => {
    const response = await auth.http.post('/auth/register').send(body);
    expect(response.status).toBe(422);
    expect(response.body).toMatchObject({ code: 'validation_failed' });
  });

  it('gives one and the same 401 for a wrong password, an unknown email and a disabled account', async () => {
    const { user } = await registered(auth);
    const disabled = await registered(auth);
    await auth.dataSource.query('UPDATE user_account SET disabled_at = now() WHERE id = $1', [
      disabled.user.id,
    ]);
    const answers = await Promise.all(
      [
        { email: user.email, password: 'not the password' },
        { email: 'nobody@example.com', password: PASSWORD },
        { email: disabled.user.email, password: PASSWORD },
      ].map((body) => auth.http.post('/auth/login').send(body)),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ code: 'unauthenticated' });
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="perch"');
      expect(answer.text).toBe(answers[0]!.text);
    }
  });

  it('exchanges a refresh token for new tokens of the same session', async () => {
    const first = await registered(auth);
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    expect(second.body.refresh_token).not.toBe(first.refresh_token);
    expect((await me(second.body.access_token as string)).status).toBe(200);
    expect((await me(first.access_token)).status).toBe(200);
  });

  it('stores no refresh token, only its hash', async () => {
    const { refresh_token, user } = await registered(auth);
    const rows = await auth.dataSource.query<{ token_hash: Buffer }[]>(
      'SELECT * FROM refresh_token WHERE user_id = $1',
      [user.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.token_hash.equals(createHash('sha256').update(refresh_token).digest())).toBe(true);
    expect(JSON.stringify(rows)).not.toContain(refresh_token);
  });

  it('lets one of many simultaneous refreshes win, and ends the session because the token was used twice', async () => {
    const { refresh_token, user } = await registered(auth);
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)));
    const winners = answers.filter((answer) => answer.status === 200);
    expect(winners).toHaveLength(1);
    for (const loser of answers.filter((answer) => answer.status !== 200)) {
      expect(loser.status).toBe(401);
      expect(loser.body).toMatchObject({ code: 'token_revoked' });
      expect(loser.headers['www-authenticate']).toMatch(/^Bearer /);
    }
    expect((await refresh(winners[0]!.body.refresh_token as string)).body).toMatchObject({
      code: 'token_revoked',
    });
    pastPrincipalCache();
    expect((await me(winners[0]!.body.access_token as string)).body).toMatchObject({ code: 'token_revoked' });
    const reused = logLines.filter((line) => line.includes('auth.refresh.reused') && line.includes(user.id));
    expect(reused.length).toBeGreaterThan(0);
  });

  it("leaves the user's other sessions alone when a family is revoked", async () => {
    const { refresh_token, user } = await registered(auth);
    const other = await auth.http.post('/auth/login').send({ email: user.email, password: PASSWORD });
    await refresh(refresh_token);
    await refresh(refresh_token);
    expect((await refresh(other.body.refresh_token as string)).status).toBe(200);
  });

  it('knows a token of a revoked family as revoked even if the revocation did not see it', async () => {
    const first = await registered(auth);
    const second = await refresh(first.refresh_token);
    // As when a refresh committed its successor beside the revocation.
    await auth.dataSource.query(
      'UPDATE refresh_token SET revoked_at = now() WHERE user_id = $1 AND used_at IS NOT NULL',
      [first.user.id],
    );
    expect((await refresh(second.body.refresh_token as string)).body).toMatchObject({
      code: 'token_revoked',
    });
    pastPrincipalCache();
    expect((await me(second.body.access_token as string)).body).toMatchObject({ code: 'token_revoked' });
  });

  it('tells an expired refresh token from one that was never given out', async () => {
    const { refresh_token } = await registered(auth);
    await auth.dataSource.query('UPDATE refresh_token SET expires_at = $1', [auth.clock.now()]);
    expect((await refresh(refresh_token)).body).toMatchObject({ status: 401, code: 'token_expired' });
    expect((await refresh('prt_made-up')).body).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('takes no access token for a refresh token', async () => {
    const { access_token } = await registered(auth);
    expect((await refresh(access_token)).body).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('refreshes nothing for a disabled account', async () => {
    const { refresh_token, user } = await registered(auth);
    await auth.dataSource.query('UPDATE user_account SET disabled_at = now() WHERE id = $1', [user.id]);
    expect((await refresh(refresh_token)).body).toMatchObject({ status: 401, code: 'token_revoked' });
  });

  it('ends the session at logout: its refresh token and its access tokens are worth nothing at once', async () => {
    const { access_token, refresh_token } = await registered(auth);
    expect((await me(access_token)).status).toBe(200);
    const logout = await auth.http
      .post('/auth/logout')
      .set('Authorization', `Bearer ${access_token}`)
      .send({ refresh_token });
    expect(logout.status).toBe(204);
    expect((await me(access_token)).body).toMatchObject({ status: 401, code: 'token_revoked' });
    expect((await refresh(refresh_token)).body).toMatchObject({ code: 'token_revoked' });
  });

  it('logs out without a body, and ends another session of the user when its refresh token is named', async () => {
    const { access_token, user } = await registered(auth);
    const login = () => auth.http.post('/auth/login').send({ email: user.email, password: PASSWORD });
    const [second, third] = [(await login()).body as Tokens, (await login()).body as Tokens];
    const logout = (token: string) => auth.http.post('/auth/logout').set('Authorization', `Bearer ${token}`);
    expect((await logout(access_token)).status).toBe(204);
    expect((await logout(second.access_token).send({ refresh_token: third.refresh_token })).status).toBe(204);
    for (const ended of [access_token, second.access_token, third.access_token]) {
      expect((await me(ended)).body).toMatchObject({ code: 'token_revoked' });
    }
  });

  it('lists the sessions that go on, with the program that began them, and which one asks', async () => {
    const { access_token, user } = await registered(auth);
    await auth.http
      .post('/auth/login')
      .set('User-Agent', `A browser\t${'x'.repeat(300)}`)
      .send({ email: user.email, password: PASSWORD });
    const ended = await auth.http.post('/auth/login').send({ email: user.email, password: PASSWORD });
    await auth.http
      .post('/auth/logout')
      .set('Authorization', `Bearer ${(ended.body as Tokens).access_token}`);
    const list = await sessionsOf(access_token);
    expect(list).toEqual([
      expect.objectContaining({ client: `A browser${'x'.repeat(190)}`, is_current: false }),
      expect.objectContaining({ client: null, is_current: true, expires_at: expect.any(String) }),
    ]);
  });

  it('ends one session of the user by its id, and answers for all others as for a missing one', async () => {
    const [mine, theirs] = [await registered(auth), await registered(auth)];
    const other = (await auth.http.post('/auth/login').send({ email: mine.user.email, password: PASSWORD }))
      .body as Tokens;
    const [{ id }] = (await sessionsOf(mine.access_token)) as [{ id: string }];
    const [{ id: foreign }] = (await sessionsOf(theirs.access_token)) as [{ id: string }];
    const revoke = (sessionId: string) =>
      auth.http.delete(`/auth/sessions/${sessionId}`).set('Authorization', `Bearer ${mine.access_token}`);
    expect((await me(other.access_token)).status).toBe(200);
    expect((await revoke(id)).status).toBe(204);
    expect((await me(other.access_token)).body).toMatchObject({ code: 'token_revoked' });
    expect((await refresh(other.refresh_token)).body).toMatchObject({ code: 'token_revoked' });
    const refusals = await Promise.all([id, foreign, 'no-id'].map((each) => revoke(each)));
    for (const refusal of refusals) {
      expect(refusal.body).toMatchObject({ status: 404, code: 'not_found' });
      expect(refusal.text).toBe(refusals[0]!.text);
    }
    expect((await me(theirs.access_token)).status).toBe(200);
    expect((await me(mine.access_token)).status).toBe(200);
  });

  it('ends all sessions of the user at once where that is asked', async () => {
    const { access_token, refresh_token, user } = await registered(auth);
    const other = (await auth.http.post('/auth/login').send({ email: user.email, password: PASSWORD }))
      .body as Tokens;
    const logout = auth.http.post('/auth/logout').set('Authorization', `Bearer ${access_token}`);
    expect((await logout.send({ all: true })).status).toBe(204);
    for (const token of [access_token, other.access_token])
      expect((await me(token)).body).toMatchObject({ code: 'token_revoked' });
    for (const token of [refresh_token, other.refresh_token])
      expect((await refresh(token)).body).toMatchObject({ code: 'token_revoked' });
  });

  it('has a reused refresh token in the audit trail, once', async () => {
    const { refresh_token, user } = await registered(auth);
    for (let use = 0; use < 3; use += 1) await refresh(refresh_token);
    const entries = await auth.dataSource.query<{ action: string; target_type: string }[]>(
      'SELECT action, target_type FROM audit_entry WHERE actor_id = $1',
      [user.id],
    );
    expect(entries).toEqual([{ action: 'session.refresh_reused', target_type: 'session' }]);
  });

  it("does not end another user's session, whose refresh token answers like an unknown one", async () => {
    const [mine, theirs] = [await registered(auth), await registered(auth)];
    const logout = await auth.http
      .post('/auth/logout')
      .set('Authorization', `Bearer ${mine.access_token}`)
      .send({ refresh_token: theirs.refresh_token });
    expect(logout.status).toBe(204);
    expect((await refresh(theirs.refresh_token)).status).toBe(200);
  });

  it('forgets families that ran out long ago, but no revocation that still matters', async () => {
    const { user } = await registered(auth);
    const family = '0193ab3f-1d20-7000-8000-00000000f000';
    const insert = (id: string, familyId: string, expires: string, revoked: string | null) =>
      auth.dataSource.query(
        `INSERT INTO refresh_token (id, family_id, user_id, token_hash, created_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, sha256($1::uuid::text::bytea), '2026-01-01', $4, $5)`,
        [id, familyId, user.id, expires, revoked],
      );
    const [old, marker, young] = [1, 2, 3].map((n) => `0193ab3f-1d20-7000-8000-00000000000${n}`);
    await insert(old!, '0193ab3f-1d20-7000-8000-00000000f001', '2026-02-01', '2026-01-02');
    await insert(marker!, family, '2026-02-01', '2026-01-02');
    await insert(young!, family, '2027-02-01', null);
    await auth.http.post('/auth/login').send({ email: user.email, password: PASSWORD });
    const left = await auth.dataSource.query<{ id: string }[]>(
      'SELECT id FROM refresh_token WHERE id = ANY($1) ORDER BY id',
      [[old, marker, young]],
    );
    expect(left.map((row) => row.id)).toEqual([marker, young]);
  });

  it('has logged who logged in and who did not, but no password, token or email', () => {
    const log = logLines.join('');
    expect(log).toContain('auth.login.succeeded');
    expect(log).toContain('auth.login.failed');
    expect(log).not.toMatch(/@example\.com|correct horse|not the password|prt_|eyJ/);
  });
});

describe('with registration off', () => {
  it('answers 404 to every registration, whatever its body', async () => {
    const auth = await startAuthApplication({ AUTH_REGISTRATION_ENABLED: 'false' });
    try {
      for (const body of [{ email: 'ada@example.com', password: PASSWORD }, { nonsense: true }]) {
        const response = await auth.http.post('/auth/register').send(body);
        expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
      }
    } finally {
      await auth.close();
    }
  });
});
