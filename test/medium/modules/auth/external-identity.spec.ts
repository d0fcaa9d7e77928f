import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { IdentityProvider } from '../../../support/identity/identity-provider.js';
import { type AuthApplication, registered, startAuthApplication } from './auth-application.js';

const CLAIMS = {
  tier: 'plan',
  roles: { claim: ['realm_access', 'roles'], values: { boss: 'admin', staff: 'user' } },
};
const STAFF = { plan: 'basic', realm_access: { roles: ['staff', 'unknown'] } };

describe('tokens of an outside identity provider', () => {
  let provider: IdentityProvider;
  let auth: AuthApplication;
  let people = 0;

  beforeAll(async () => {
    provider = await IdentityProvider.start();
    auth = await startAuthApplication(provider.settings({ AUTH_JWKS_CLAIMS: JSON.stringify(CLAIMS) }));
  });
  afterAll(async () => {
    await auth.close();
    await provider.stop();
  });
  afterEach(() => (provider.answer = undefined));

  const somebody = () => `auth0|${(people += 1)}`;
  const tokenOf = (claims: JWTPayload, header = {}) =>
    provider.token(claims, { now: auth.clock.now(), header });
  const me = (token: string) => auth.http.get('/auth/me').set('Authorization', `Bearer ${token}`);
  const seconds = () => Math.floor(auth.clock.now().getTime() / 1000);
  const accounts = () =>
    auth.dataSource
      .query<{ n: number }[]>('SELECT count(*)::int AS n FROM user_account')
      .then(([row]) => row!.n);

  it('make an account at first sight, once, whoever comes at the same time', async () => {
    const token = await tokenOf({ sub: somebody(), email: 'Grace@Example.com', ...STAFF });
    const before = await accounts();
    const answers = await Promise.all(Array.from({ length: 8 }, () => me(token)));
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([200, answers[0]!.body]);
    }
    expect(answers[0]!.body).toMatchObject({
      email: null,
      name: 'grace@example.com',
      tier: 'basic',
      roles: ['user'],
      permissions: ['agent:run', 'conversations:manage', 'models:read', 'tools:use'],
    });
    expect(await accounts()).toBe(before + 1);
  });

  it('are never a way into the account that has the same email, nor does it take the email away', async () => {
    const local = await registered(auth);
    const theirs = await me(await tokenOf({ sub: somebody(), email: local.user.email, ...STAFF }));
    expect(theirs.status).toBe(200);
    expect(theirs.body.id).not.toBe(local.user.id);
    const email = 'not-yet-registered@example.com';
    await me(await tokenOf({ sub: somebody(), email, ...STAFF }));
    const later = await auth.http.post('/auth/register').send({ email, password: 'correct horse battery' });
    expect(later.status).toBe(201);
  });

  it('decide what the operator has left to the provider, by the newest token', async () => {
    const sub = somebody();
    const first = await tokenOf({ sub, ...STAFF });
    const { id } = (await me(first)).body as { id: string };
    auth.clock.advance(10_000);
    const promoted = await tokenOf({ sub, plan: 'pro', realm_access: { roles: ['boss'] } });
    expect((await me(promoted)).body).toMatchObject({ id, tier: 'pro', roles: ['admin'] });
    // The older token speaks for the same person, as they are by now.
    expect((await me(first)).body).toMatchObject({ id, tier: 'pro', roles: ['admin'] });
    auth.clock.advance(10_000);
    const demoted = await tokenOf({ sub, plan: 'gold', realm_access: 'nonsense' });
    expect((await me(demoted)).body).toMatchObject({ id, tier: 'free', roles: [], permissions: [] });
    expect((await me(promoted)).body).toMatchObject({ tier: 'free', permissions: [] });
    const trail = await auth.dataSource.query<{ action: string; after: object }[]>(
      'SELECT action, after FROM audit_entry WHERE target_id = $1 ORDER BY id',
      [id],
    );
    expect(trail).toEqual([
      { action: 'user.create', after: { by: 'identity_provider', tier: 'basic', roles: ['user'] } },
      { action: 'user.update', after: { by: 'identity_provider', tier: 'pro', roles: ['admin'] } },
      { action: 'user.update', after: { by: 'identity_provider', tier: 'free', roles: [] } },
    ]);
  });

  it('of a disabled account are revoked; those of a deleted one too, until its person has logged in anew', async () => {
    const sub = somebody();
    const token = await tokenOf({ sub, ...STAFF });
    const { id } = (await me(token)).body as { id: string };
    await auth.dataSource.query('UPDATE user_account SET disabled_at = now() WHERE id = $1', [id]);
    auth.clock.advance(3_000);
    const disabled = await me(token);
    expect(disabled.body).toMatchObject({ status: 401, code: 'token_revoked' });

    await auth.dataSource.query('DELETE FROM user_account WHERE id = $1', [id]);
    auth.clock.advance(3_000);
    for (let time = 0; time < 2; time += 1) expect((await me(token)).text).toBe(disabled.text);
    auth.clock.advance(1_000);
    const anew = (await me(await tokenOf({ sub, ...STAFF }))).body as { id: string };
    expect(anew).toMatchObject({ id: expect.any(String), tier: 'basic' });
    expect(anew.id).not.toBe(id);
  });

  it('may be half a minute off, and no more', async () => {
    const sub = somebody();
    expect((await me(await tokenOf({ sub, exp: seconds() - 29, ...STAFF }))).status).toBe(200);
    expect((await me(await tokenOf({ sub, nbf: seconds() + 29, ...STAFF }))).status).toBe(200);
    expect((await me(await tokenOf({ sub, exp: seconds() - 31 }))).body).toMatchObject({
      code: 'token_expired',
    });
    expect((await me(await tokenOf({ sub, nbf: seconds() + 32 }))).body).toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('need no session for what is below /auth, but cannot end one', async () => {
    const token = await tokenOf({ sub: somebody(), ...STAFF });
    const asked = auth.http.post('/auth/api-keys').set('Authorization', `Bearer ${token}`);
    expect((await asked.send({ name: 'theirs' })).status).toBe(201);
    const out = await auth.http.post('/auth/logout').set('Authorization', `Bearer ${token}`);
    expect(out.body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('whose key is not known while the provider is away are answered 503, and make nobody', async () => {
    provider.answer = (response) => void response.writeHead(503).end();
    const cold = await startAuthApplication(provider.settings(), auth);
    try {
      const token = await tokenOf({ sub: somebody() });
      const before = await accounts();
      const answer = await cold.http.get('/auth/me').set('Authorization', `Bearer ${token}`);
      expect(answer.body).toMatchObject({ status: 503, code: 'dependency_unavailable', retry_after_s: 5 });
      expect(await accounts()).toBe(before);
      // This one has its keys already.
      expect((await me(token)).status).toBe(200);
    } finally {
      await cold.close();
    }
  });
});
