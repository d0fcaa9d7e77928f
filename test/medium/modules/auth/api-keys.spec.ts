import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PrincipalService } from '../../../../src/modules/auth/principal.service.js';
import { until } from '../../../support/until.js';
import {
  type AuthApplication,
  logLines,
  registered,
  startAuthApplication,
  type Tokens,
} from './auth-application.js';

interface Key {
  readonly id: string;
  readonly key: string;
  readonly scopes: string[];
  readonly prefix: string;
  readonly last_used_at: string | null;
}

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const MINUTE_MS = 60_000;

describe('API keys', () => {
  let auth: AuthApplication;
  let owner: Tokens;

  beforeAll(async () => {
    auth = await startAuthApplication({ ...ADMIN, AUTH_ACCESS_TTL_SECONDS: '86400' });
  });
  afterAll(() => auth.close());
  beforeEach(async () => {
    owner = await registered(auth);
  });

  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const make = (body: object, token = owner.access_token) =>
    auth.http.post('/auth/api-keys').set(bearer(token)).send(body);
  const key = async (body: object = { name: 'a key' }): Promise<Key> => (await make(body)).body as Key;
  const me = (headers: Record<string, string>) => auth.http.get('/auth/me').set(headers);
  const list = async (): Promise<Key[]> =>
    ((await auth.http.get('/auth/api-keys').set(bearer(owner.access_token))).body as { api_keys: Key[] })
      .api_keys;
  const administrator = async (): Promise<Tokens> =>
    (
      await auth.http
        .post('/auth/login')
        .send({ email: ADMIN.AUTH_ADMIN_EMAIL, password: ADMIN.AUTH_ADMIN_PASSWORD })
    ).body as Tokens;

  it('speak for their owner in either header, and are shown once', async () => {
    const made = await make({ name: 'nightly', expires_at: '2027-01-01T00:00:00Z' });
    expect(made.status).toBe(201);
    const { key: secret, ...rest } = made.body as Key;
    expect(secret).toMatch(/^pk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/);
    expect(rest).toEqual({
      id: expect.any(String),
      name: 'nightly',
      prefix: secret.slice(0, 11),
      scopes: ['agent:run', 'conversations:manage', 'models:read', 'tools:use'],
      created_at: '2026-11-24T09:00:00.000Z',
      expires_at: '2027-01-01T00:00:00.000Z',
      last_used_at: null,
    });
    for (const headers of [bearer(secret), { 'x-api-key': secret }]) {
      expect((await me(headers)).body).toMatchObject({ id: owner.user.id });
    }
    expect(await list()).toEqual([{ ...rest, last_used_at: expect.anything() }]);
    const stored = await auth.dataSource.query<object[]>('SELECT * FROM api_key WHERE user_id = $1', [
      owner.user.id,
    ]);
    expect(JSON.stringify(stored)).not.toContain(secret.slice(12, 40));
  });

  it('may do what their scopes say and their owner may at that moment', async () => {
    const { key: limited } = await key({ name: 'reads', scopes: ['models:read'] });
    expect((await me(bearer(limited))).body).toMatchObject({ permissions: ['models:read'] });
    const greedy = await make({ name: 'greedy', scopes: ['models:read', 'admin'] });
    expect(greedy.body).toMatchObject({ status: 422, errors: [{ pointer: '/scopes' }] });

    await auth.dataSource.query(`UPDATE user_account SET permissions = '{admin}' WHERE id = $1`, [
      owner.user.id,
    ]);
    auth.clock.advance(3_000);
    const { key: office } = await key({ name: 'office', scopes: ['admin'] });
    const admin = (secret: string) => auth.http.get('/probe/admin').set('x-api-key', secret);
    expect((await admin(limited)).body).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await admin(office)).status).toBe(200);
    await auth.dataSource.query(`UPDATE user_account SET permissions = '{}' WHERE id = $1`, [owner.user.id]);
    auth.clock.advance(3_000);
    expect((await admin(office)).status).toBe(403);
    expect((await me(bearer(office))).body).toMatchObject({ permissions: [] });
  });

  it('make and end no credentials, whatever their scopes', async () => {
    const root = await administrator();
    const { key: secret } = (await make({ name: 'root' }, root.access_token)).body as Key;
    expect((await auth.http.get('/probe/admin').set('x-api-key', secret)).status).toBe(200);
    const attempts = [
      auth.http.post('/auth/api-keys').send({ name: 'another' }),
      auth.http.get('/auth/api-keys'),
      auth.http.get('/auth/sessions'),
      auth.http.delete('/auth/sessions/0193ab40-0000-7000-8000-000000000000'),
      auth.http.post('/auth/logout'),
      auth.http.post('/admin/service-accounts').send({ name: 'robot' }),
    ];
    for (const attempt of attempts)
      expect((await attempt.set('x-api-key', secret)).body).toMatchObject({ status: 403, code: 'forbidden' });
    const session = await auth.http.get('/probe/admin').set(bearer(root.access_token));
    expect(session.status).toBe(200);
  });

  it('end when they expire, are revoked or rotated; what is none is answered like any broken token', async () => {
    const expiring = await key({
      name: 'short',
      expires_at: new Date(auth.clock.now().getTime() + 1000).toISOString(),
    });
    const [revoked, rotated] = [await key(), await key({ name: 'turns', scopes: ['models:read'] })];
    for (const each of [expiring, revoked, rotated]) expect((await me(bearer(each.key))).status).toBe(200);
    auth.clock.advance(1000);
    expect((await me(bearer(expiring.key))).body).toMatchObject({ status: 401, code: 'token_expired' });

    const gone = await auth.http.delete(`/auth/api-keys/${revoked.id}`).set(bearer(owner.access_token));
    expect(gone.status).toBe(204);
    const turned = await auth.http
      .post(`/auth/api-keys/${rotated.id}/rotate`)
      .set(bearer(owner.access_token));
    expect(turned.body).toMatchObject({ name: 'turns', scopes: ['models:read'], key: expect.any(String) });
    const refusals = await Promise.all(
      [revoked.key, rotated.key, checked('f'.repeat(43))].map((each) => me(bearer(each))),
    );
    for (const refusal of refusals) {
      expect(refusal.body).toMatchObject({ status: 401, code: 'token_revoked' });
      expect(refusal.text).toBe(refusals[0]!.text);
      expect(refusal.headers['www-authenticate']).toContain('error="invalid_token"');
    }
    expect((await me({ 'x-api-key': (turned.body as Key).key })).status).toBe(200);

    const none = await me({});
    const { key: good } = turned.body as Key;
    const broken: Record<string, string>[] = [
      { 'x-api-key': `${good}0` },
      { 'x-api-key': good.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
      { 'x-api-key': owner.access_token },
      bearer(`${good.slice(0, -8)}00000000`),
      bearer('pk_'),
      // Whoever sends both is judged by the first; there is no second try.
      { Authorization: 'Bearer garbage', 'x-api-key': good },
    ];
    for (const headers of broken) {
      const refusal = await me(headers);
      expect([headers, refusal.text]).toEqual([headers, none.text]);
      expect(refusal.headers['www-authenticate']).toContain('error="invalid_token"');
    }
  });

  it('of a disabled and of a deleted account are answered alike, and their owner’s sessions too', async () => {
    const root = await administrator();
    const secret = (await key()).key;
    const other = await registered(auth);
    const others = ((await make({ name: 'x' }, other.access_token)).body as Key).key;
    for (const each of [secret, others]) expect((await me(bearer(each))).status).toBe(200);
    await auth.http
      .patch(`/admin/users/${owner.user.id}`)
      .set(bearer(root.access_token))
      .send({ disabled: true });
    await auth.dataSource.query('DELETE FROM user_account WHERE id = $1', [other.user.id]);
    auth.app.get(PrincipalService).forget(other.user.id);
    const refusals = await Promise.all(
      [secret, others, owner.access_token, other.access_token].map((each) => me(bearer(each))),
    );
    for (const refusal of refusals) {
      expect(refusal.body).toMatchObject({ status: 401, code: 'token_revoked' });
      expect(refusal.text).toBe(refusals[0]!.text);
    }
    const login = (email: string) => auth.http.post('/auth/login').send({ email, password: 'not it at all' });
    expect((await login(owner.user.email)).text).toBe((await login(other.user.email)).text);
    await auth.http
      .patch(`/admin/users/${owner.user.id}`)
      .set(bearer(root.access_token))
      .send({ disabled: false });
    expect((await me(bearer(secret))).status).toBe(200);
  });

  it('of another user are like missing ones', async () => {
    const mine = await key();
    const { access_token } = await registered(auth);
    const asked = [mine.id, '0193ab40-0000-7000-8000-000000000000', 'no-id'].flatMap((id) => [
      auth.http.delete(`/auth/api-keys/${id}`).set(bearer(access_token)),
      auth.http.post(`/auth/api-keys/${id}/rotate`).set(bearer(access_token)),
    ]);
    const answers = await Promise.all(asked);
    for (const answer of answers) {
      expect(answer.body).toMatchObject({ status: 404, code: 'not_found' });
      expect(answer.text).toBe(answers[0]!.text);
    }
    expect((await me(bearer(mine.key))).status).toBe(200);
  });

  it('are no more than an account may have, however many are asked for at once', async () => {
    const answers: { status: number; body: object }[] = [];
    for (let begun = 0; begun < 56; begun += 8) {
      answers.push(
        ...(await Promise.all(Array.from({ length: 8 }, (_, index) => make({ name: `${index}` })))),
      );
    }
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(6);
    for (const { body } of refused)
      expect(body).toMatchObject({ status: 409, code: 'too_many_api_keys', limit: 50 });
    expect(await list()).toHaveLength(50);
  });

  it('say when they were last used, to the minute', async () => {
    const { key: secret } = await key();
    const lastUse = async (): Promise<string | null> => (await list())[0]!.last_used_at;
    const isNoted = (at: Date) => until(async () => (await lastUse()) === at.toISOString());
    const first = auth.clock.now();
    await me(bearer(secret));
    await isNoted(first);
    auth.clock.advance(MINUTE_MS - 1);
    await me(bearer(secret));
    expect(await lastUse()).toBe(first.toISOString());
    auth.clock.advance(1);
    await me(bearer(secret));
    await isNoted(auth.clock.now());
  });

  it.each([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['no scope at all', { name: 'x', scopes: [] }],
    ['an unknown scope', { name: 'x', scopes: ['everything'] }],
    ['an expiry that has passed', { name: 'x', expires_at: '2020-01-01T00:00:00Z' }],
    ['an expiry that is no time', { name: 'x', expires_at: 'tomorrow' }],
    ['an unknown member', { name: 'x', user_id: '0193ab40-0000-7000-8000-000000000000' }],
  ])('are not made with %s', async (_, body) => {
    expect((await make(body)).body).toMatchObject({ status: 422, code: 'validation_failed' });
  });

  it('of services are made by administrators: an account without a password, and its first key', async () => {
    const root = bearer((await administrator()).access_token);
    const wanted = { name: 'robot', tier: 'basic', permissions: ['guardrails:check'] };
    const made = await auth.http.post('/admin/service-accounts').set(root).send(wanted);
    expect(made.status).toBe(201);
    const { user, api_key: first } = made.body as { user: { id: string; email: null }; api_key: Key };
    expect(user).toMatchObject({
      kind: 'service',
      email: null,
      name: 'robot',
      tier: 'basic',
      roles: ['user'],
    });
    expect((await me(bearer(first.key))).body).toMatchObject({
      id: user.id,
      email: null,
      name: 'robot',
      tier: 'basic',
    });
    const again = await auth.http.post('/admin/service-accounts').set(root).send(wanted);
    expect(again.body).toMatchObject({ status: 409, code: 'name_taken' });
    const listed = await auth.http.get('/admin/users?q=ROBO').set(root);
    expect(listed.body).toMatchObject({ users: [{ id: user.id, kind: 'service' }] });

    const second = await auth.http
      .post(`/admin/service-accounts/${user.id}/api-keys`)
      .set(root)
      .send({ name: 'second', scopes: ['models:read'] });
    expect(second.status).toBe(201);
    const forPerson = await auth.http
      .post(`/admin/service-accounts/${owner.user.id}/api-keys`)
      .set(root)
      .send({ name: 'in their name' });
    expect(forPerson.status).toBe(404);
    const path = `/admin/users/${user.id}/api-keys`;
    expect((await auth.http.get(path).set(root)).body).toMatchObject({
      api_keys: [{ name: 'second' }, { name: 'robot' }],
    });
    expect((await auth.http.delete(`${path}/${first.id}`).set(root)).status).toBe(204);
    expect((await me(bearer(first.key))).body).toMatchObject({ code: 'token_revoked' });
    expect((await me(bearer((second.body as Key).key))).status).toBe(200);
  });

  it('are in the audit trail with their names, and nowhere with their secrets', async () => {
    const made = await key({ name: 'traced', scopes: ['models:read'] });
    await auth.http.delete(`/auth/api-keys/${made.id}`).set(bearer(owner.access_token));
    const entries = await auth.dataSource.query<object[]>(
      'SELECT action, target_id, after FROM audit_entry WHERE actor_id = $1 ORDER BY id',
      [owner.user.id],
    );
    expect(entries).toEqual([
      {
        action: 'api_key.create',
        target_id: made.id,
        after: { user_id: owner.user.id, name: 'traced', prefix: made.prefix, scopes: ['models:read'] },
      },
      { action: 'api_key.revoke', target_id: made.id, after: { user_id: owner.user.id } },
    ]);
    expect(logLines.join('')).not.toMatch(/pk_[0-9a-f]{8}_/);
  });
});

/** A key of the right form that nobody has. */
function checked(random: string): string {
  const body = `pk_00000000_${random}`;
  return `${body}${crc32(body).toString(16).padStart(8, '0')}`;
}
