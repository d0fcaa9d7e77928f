import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AUDIENCE, IdentityProvider, ISSUER } from '../support/identity/identity-provider.js';
import { ApiClient } from '../support/perch/api-client.js';
import { callRoute, isPrivate } from '../support/perch/call-route.js';
import { ROUTES } from '../support/perch/routes.js';
import { startTestPerch, TEST_ENVIRONMENT, type TestPerch } from '../support/perch/test-perch.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const METRICS_TOKEN = 'a-token-of-the-scraper-1234';
const OUR_SECRET = TEST_ENVIRONMENT.AUTH_JWT_SECRET!;
const AT_ONCE = 8;
/** What every key may do, whatever its scopes: its owner is named by it anyway. */
const FOR_EVERY_KEY = ['GET /api/v1/auth/me'];

type Json = Readonly<Record<string, unknown>>;

interface Shown {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

interface Session {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly user: { readonly id: string };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
const bearer = (token: string): Shown => ({ headers: { authorization: `Bearer ${token}` } });
const key = (token: string): Shown => ({ headers: { 'x-api-key': token } });

function hs256(header: Json, payload: Json, secret: string | Buffer): string {
  const body = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(payload)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

function rs256(header: Json, payload: Json, privateKey: KeyObject): string {
  const body = `${encode({ alg: 'RS256', typ: 'JWT', ...header })}.${encode(payload)}`;
  return `${body}.${createSign('RSA-SHA256').update(body).sign(privateKey, 'base64url')}`;
}

describe('every private route, whatever broken credential it is shown', () => {
  const routes = ROUTES.filter(isPrivate);
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let provider: IdentityProvider;
  let perch: TestPerch;
  /** Somebody else's server, to which tokens point. */
  let lure: Server;
  let lured = 0;
  let root: ApiClient;
  let session: Session;
  let own: Json;
  let theirs: Json;
  let accounts = 0;

  beforeAll(async () => {
    provider = await IdentityProvider.start();
    lure = createServer((_, response) => {
      lured += 1;
      response.end(JSON.stringify({ keys: [stranger.publicKey.export({ format: 'jwk' })] }));
    });
    await new Promise<void>((resolve) => lure.listen(0, '127.0.0.1', resolve));
    perch = await startTestPerch({ ...ADMIN, ...provider.settings(), METRICS_TOKEN, DOCS_ENABLED: 'false' });
    root = await login(ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
    session = await register();
    own = decode(session.access_token.split('.')[1]!);
    const now = Math.floor(Date.now() / 1000);
    theirs = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + 300 };
    // The provider is known, and so is its key: nothing below is refused for want of it.
    const valid = await provider.token({ sub: 'somebody' }, { now: new Date() });
    expect((await new ApiClient(perch.url, valid).get('/api/v1/auth/me')).status).toBe(200);
  });
  afterAll(async () => {
    await perch.stop();
    await provider.stop();
    lure.close();
  });

  async function register(): Promise<Session> {
    accounts += 1;
    const made = await perch.anonymous().post('/api/v1/auth/register', {
      email: `credentials-${accounts}@example.com`,
      password: 'correct horse battery',
    });
    return (await made.json()) as Session;
  }

  async function login(email: string, password: string): Promise<ApiClient> {
    const answer = await perch.anonymous().post('/api/v1/auth/login', { email, password });
    return new ApiClient(perch.url, ((await answer.json()) as Session).access_token);
  }

  const clientOf = ({ access_token: token }: Session): ApiClient => new ApiClient(perch.url, token);

  async function aKey(of: Session, body: object = {}): Promise<{ id: string; key: string }> {
    const made = await clientOf(of).post('/api/v1/auth/api-keys', { name: 'a key', ...body });
    return (await made.json()) as { id: string; key: string };
  }

  const lureUrl = (): string => `http://127.0.0.1:${(lure.address() as AddressInfo).port}/jwks`;
  const providerJwk = (): Json => provider.keys.get('rsa')!.publicJwk;
  const signature = (): string => session.access_token.split('.')[2]!;

  const UNAUTHENTICATED: Record<string, () => Shown | Promise<Shown>> = {
    nothing: () => ({}),
    garbage: () => bearer('garbage'),
    'a scheme without a token': () => ({ headers: { authorization: 'Bearer ' } }),
    'another scheme': () => ({ headers: { authorization: `Basic ${session.access_token}` } }),
    'the token in the query string': () => ({
      query: `?token=${session.access_token}&access_token=${session.access_token}&api_key=${session.access_token}`,
    }),
    'the token in a cookie': () => ({ headers: { cookie: `access_token=${session.access_token}` } }),
    'the token as a key': () => key(session.access_token),
    'alg none': () => bearer(`${encode({ alg: 'none' })}.${encode(own)}.`),
    'alg none with a signature': () => bearer(`${encode({ alg: 'none' })}.${encode(own)}.${signature()}`),
    'alg none, as the provider': () => bearer(`${encode({ alg: 'none' })}.${encode(theirs)}.`),
    'HS256 keyed with the provider’s public key': () =>
      bearer(hs256({ kid: 'rsa' }, theirs, JSON.stringify(providerJwk()))),
    'HS256 keyed with the modulus of the provider’s key': () =>
      bearer(hs256({ kid: 'rsa' }, theirs, Buffer.from(providerJwk().n as string, 'base64url'))),
    'HS256 with our secret, as the provider': () => bearer(hs256({}, theirs, OUR_SECRET)),
    'the provider’s key for a token of ours': async () =>
      bearer(await provider.token(own, { now: new Date() })),
    'a kid that walks the file system': () =>
      bearer(rs256({ kid: '../../../../dev/null' }, theirs, stranger.privateKey)),
    'a kid that is SQL': () => bearer(rs256({ kid: "' OR 1=1 --" }, theirs, stranger.privateKey)),
    'a kid of ours that walks the file system': () => bearer(hs256({ kid: '../../../../dev/null' }, own, '')),
    'a jku of somebody else': () =>
      bearer(rs256({ kid: 'rsa', jku: lureUrl() }, theirs, stranger.privateKey)),
    'an x5u of somebody else': () =>
      bearer(rs256({ kid: 'rsa', x5u: lureUrl() }, theirs, stranger.privateKey)),
    'a key in its own header': () =>
      bearer(
        rs256({ kid: 'rsa', jwk: stranger.publicKey.export({ format: 'jwk' }) }, theirs, stranger.privateKey),
      ),
    'another key': () => bearer(rs256({ kid: 'rsa' }, theirs, stranger.privateKey)),
    'another secret': () => bearer(hs256({}, own, 'another-secret-that-is-long-enough-0123456789')),
    'another issuer': async () =>
      bearer(await provider.token({ sub: 'x', iss: 'https://evil.example/' }, { now: new Date() })),
    'another audience': async () =>
      bearer(await provider.token({ sub: 'x', aud: 'another-service' }, { now: new Date() })),
    'another audience, ours': () => bearer(hs256({}, { ...own, aud: 'another-service' }, OUR_SECRET)),
    'no subject': async () => bearer(await provider.token({}, { now: new Date() })),
    'no expiry': async () => bearer(await provider.token({ sub: 'x', exp: undefined }, { now: new Date() })),
    'a time to come': async () =>
      bearer(await provider.token({ sub: 'x', nbf: Date.now() / 1000 + 600 }, { now: new Date() })),
    'a time to come, ours': () => bearer(hs256({}, { ...own, nbf: Date.now() / 1000 + 600 }, OUR_SECRET)),
    'an empty signature': () => bearer(`${session.access_token.split('.').slice(0, 2).join('.')}.`),
    'a critical header that nobody knows': async () =>
      bearer(rs256({ kid: 'rsa', crit: ['x'], x: 1 }, theirs, stranger.privateKey)),
    'a refresh token': () => bearer(session.refresh_token),
    'a refresh token as a key': () => key(session.refresh_token),
    'a key with a letter changed': async () => {
      const { key: good } = await aKey(session);
      return key(good.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')));
    },
  };

  const EXPIRED: Record<string, () => Shown | Promise<Shown>> = {
    'a token of ours': () => bearer(hs256({}, { ...own, exp: 1_700_000_000 }, OUR_SECRET)),
    'a token of the provider': async () =>
      bearer(await provider.token({ sub: 'x', exp: 1_700_000_000 }, { now: new Date() })),
    'a key': async () => {
      const expired = await aKey(session);
      await perch.database.dataSource.query('UPDATE api_key SET expires_at = now() WHERE id = $1', [
        expired.id,
      ]);
      return key(expired.key);
    },
  };

  const REVOKED: Record<string, () => Promise<Shown>> = {
    'a session': async () => {
      const ended = await register();
      await clientOf(ended).post('/api/v1/auth/logout');
      return bearer(ended.access_token);
    },
    'a key': async () => {
      const revoked = await aKey(session);
      await clientOf(session).delete(`/api/v1/auth/api-keys/${revoked.id}`);
      return key(revoked.key);
    },
    'a session of a disabled user': async () => bearer((await gone('disabled')).token),
    'a key of a disabled user': async () => key((await gone('disabled')).key),
    'a session of a deleted user': async () => bearer((await gone('deleted')).token),
    'a key of a deleted user': async () => bearer((await gone('deleted')).key),
    'a session that there never was': async () =>
      bearer(hs256({}, { ...own, sid: '0193ab40-0000-7000-8000-000000000000' }, OUR_SECRET)),
    'a user that there never was': async () =>
      bearer(hs256({}, { ...own, sub: '0193ab40-0000-7000-8000-000000000000' }, OUR_SECRET)),
  };

  async function gone(how: 'disabled' | 'deleted'): Promise<{ token: string; key: string }> {
    const user = await register();
    const { key: secret } = await aKey(user);
    const path = `/api/v1/admin/users/${user.user.id}`;
    const done = how === 'disabled' ? await root.patch(path, { disabled: true }) : await root.delete(path);
    expect(done.status).toBeLessThan(300);
    return { token: user.access_token, key: secret };
  }

  /** Asks every route, some at a time; `look` sees each answer. */
  async function everywhere(
    shown: Shown,
    look: (answer: Response, route: (typeof routes)[number]) => Promise<void>,
    among = routes,
  ): Promise<void> {
    for (let start = 0; start < among.length; start += AT_ONCE) {
      await Promise.all(
        among
          .slice(start, start + AT_ONCE)
          .map(async (route) => look(await callRoute(perch.url, route, shown.headers, shown.query), route)),
      );
    }
  }

  /** The same answer on all routes: nothing in it but the path and the request's id depends on either. */
  async function expectRefused(shown: Shown, code: string, detail: string): Promise<void> {
    const hasCredentials = 'authorization' in (shown.headers ?? {}) || 'x-api-key' in (shown.headers ?? {});
    await everywhere(shown, async (answer, { method, path }) => {
      const { instance, request_id: requestId, ...problem } = (await answer.json()) as Json;
      expect([`${method} ${path}`, answer.status, problem]).toEqual([
        `${method} ${path}`,
        401,
        { type: `urn:perch:problem:${code}`, title: 'Not authenticated', status: 401, detail, code },
      ]);
      expect(instance).not.toContain('?');
      expect(requestId).toBe(answer.headers.get('x-request-id'));
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer realm="perch"${hasCredentials ? ', error="invalid_token"' : ''}`,
      );
    });
  }

  it('is many routes', () => {
    expect(routes.length).toBeGreaterThan(40);
  });

  it.each(Object.keys(UNAUTHENTICATED))('takes %s for nobody', async (name) => {
    await expectRefused(await UNAUTHENTICATED[name]!(), 'unauthenticated', 'A valid access token is needed.');
  });

  it.each(Object.keys(EXPIRED))('says that %s has expired', async (name) => {
    await expectRefused(await EXPIRED[name]!(), 'token_expired', 'The token has expired.');
  });

  it.each(Object.keys(REVOKED))('says that %s is no longer good, whoever it was', async (name) => {
    await expectRefused(await REVOKED[name]!(), 'token_revoked', 'The token is no longer valid.');
  });

  it('asked nobody for keys but the provider, and made no account for any of them', async () => {
    expect(lured).toBe(0);
    const found = await perch.database.dataSource.query<{ name: string }[]>(
      `SELECT name FROM user_account WHERE kind = 'external'`,
    );
    expect(found).toEqual([{ name: 'somebody' }]);
    expect(await perch.database.dataSource.query('SELECT 1 FROM run')).toEqual([]);
  });

  it('refuses a key whose scopes do not reach, and every key where none is taken', async () => {
    const { access_token: token, user } = await register();
    await root.patch(`/api/v1/admin/users/${user.id}`, { roles: ['admin'] });
    const owner = { access_token: token, refresh_token: '', user };
    const { key: narrow } = await aKey(owner, { scopes: ['models:read'] });
    const { key: wide } = await aKey(owner);
    const needs = (route: (typeof routes)[number]): string | undefined =>
      route.operation['x-required-permission'];
    const expectForbidden = async (
      answer: Response,
      { method, path }: (typeof routes)[number],
    ): Promise<void> =>
      expect([`${method} ${path}`, answer.status, await answer.json()]).toEqual([
        `${method} ${path}`,
        403,
        expect.objectContaining({ code: 'forbidden' }),
      ]);
    const beyond = routes.filter((route) => needs(route) !== undefined && needs(route) !== 'models:read');
    expect(beyond.length).toBeGreaterThan(25);
    await everywhere(key(narrow), expectForbidden, beyond);
    const withoutKeys = routes.filter(({ operation }) => operation['x-refuses-api-keys']);
    expect(withoutKeys.length).toBeGreaterThan(7);
    for (const shown of [key(wide), bearer(wide)]) await everywhere(shown, expectForbidden, withoutKeys);
    expect((await new ApiClient(perch.url, narrow).get('/api/v1/models')).status).toBe(200);
    expect((await new ApiClient(perch.url, wide).get('/api/v1/admin/users')).status).toBe(200);
  });

  it('lets no key do what its scopes do not name, on any route', async () => {
    const named = ({ method, path }: (typeof routes)[number]): string => `${method} ${path}`;
    const silent = routes.filter(
      ({ operation }) => !operation['x-required-permission'] && !operation['x-refuses-api-keys'],
    );
    expect(silent.map(named)).toEqual(FOR_EVERY_KEY);
    const readers = routes.filter(({ operation }) => operation['x-required-permission'] === 'models:read');
    const { key: narrow } = await aKey(await register(), { scopes: ['models:read'] });
    const reached: string[] = [];
    await everywhere(key(narrow), async (answer, route) => {
      await answer.text();
      if (answer.status !== 403) reached.push(named(route));
    });
    expect(reached.sort()).toEqual([...readers.map(named), ...FOR_EVERY_KEY].sort());
  });

  it('leaves of operations only what its operator wants seen from outside', async () => {
    const ask = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${perch.url}${path}`, { headers });
    for (const path of ['/docs', '/docs-json', '/docs-yaml']) expect((await ask(path)).status).toBe(404);
    for (const headers of [{}, bearer(session.access_token).headers!, bearer(`${METRICS_TOKEN}x`).headers!]) {
      const refused = await ask('/metrics', { ...headers });
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Bearer'),
      ]);
    }
    expect((await ask('/metrics', { ...bearer(METRICS_TOKEN).headers })).status).toBe(200);
    expect((await ask(`/metrics?token=${METRICS_TOKEN}`)).status).toBe(401);
  });
});
