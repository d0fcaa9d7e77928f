import { v7 } from 'uuid';
import { ApiClient } from '../support/perch/api-client.js';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { aLedgerRow } from '../support/spending/ledger-rows.js';
import { until } from '../support/until.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const MISSING = '0193ab40-0000-7000-8000-000000000000';
const DAY_MS = 86_400_000;

async function login(perch: TestPerch, email: string, password: string): Promise<ApiClient> {
  const response = await perch.anonymous().post('/api/v1/auth/login', { email, password });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return new ApiClient(perch.url, token);
}

async function idOf(client: ApiClient): Promise<string> {
  return ((await (await client.get('/api/v1/auth/me')).json()) as { id: string }).id;
}

describe('administration', () => {
  let perch: TestPerch;
  let admin: ApiClient;
  let user: ApiClient;
  let userId: string;

  beforeAll(async () => {
    perch = await startTestPerch(ADMIN);
    admin = await login(perch, ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
  });
  afterAll(() => perch.stop());
  beforeEach(async () => {
    user = await perch.user();
    userId = await idOf(user);
  });

  const read = async (client: ApiClient, path: string): Promise<Record<string, never> & object> =>
    (await (await client.get(`/api/v1${path}`)).json()) as Record<string, never>;

  it('is for administrators: others are refused, whatever they ask for', async () => {
    for (const path of ['/users', `/users/${userId}`, `/users/${MISSING}`, '/usage', '/alerts', '/audit']) {
      const refused = await user.get(`/api/v1/admin${path}`);
      expect([path, refused.status, await refused.json()]).toEqual([
        path,
        403,
        expect.objectContaining({ code: 'forbidden' }),
      ]);
    }
    expect((await user.patch(`/api/v1/admin/users/${userId}`, { tier: 'pro' })).status).toBe(403);
  });

  it('changes what a session that is open may do and how much of it, at once, and says who did it', async () => {
    const changed = await admin.patch(`/api/v1/admin/users/${userId}`, {
      tier: 'pro',
      permissions: ['guardrails:check'],
      limits: { requests_per_minute: 7, daily_cost: '2.5' },
    });
    expect([changed.status, await changed.json()]).toEqual([
      200,
      expect.objectContaining({
        id: userId,
        tier: 'pro',
        roles: ['user'],
        permissions: ['guardrails:check'],
        effective_permissions: expect.arrayContaining(['agent:run', 'guardrails:check']) as unknown,
        limits: {
          requests_per_minute: 7,
          tokens_per_minute: null,
          daily_cost: '2.500000',
          monthly_cost: null,
        },
      }),
    ]);
    expect(await read(user, '/auth/me')).toMatchObject({
      tier: 'pro',
      permissions: expect.arrayContaining(['guardrails:check']) as unknown,
    });
    expect(await read(user, '/usage')).toMatchObject({
      tier: 'pro',
      windows: { requests_per_minute: { limit: 7 } },
      budgets: { daily_cost: { limit: '2.500000' }, monthly_cost: { limit: null, remaining: null } },
    });

    await admin.patch(`/api/v1/admin/users/${userId}`, { limits: { requests_per_minute: null } });
    expect(await read(admin, `/admin/users/${userId}`)).toMatchObject({
      limits: { requests_per_minute: null, daily_cost: '2.500000' },
    });
    expect(await read(user, '/usage')).toMatchObject({
      windows: { requests_per_minute: { limit: 100_000 } },
    });

    const { entries } = (await read(admin, '/admin/audit?limit=2')) as unknown as { entries: unknown[] };
    expect(entries).toEqual([
      expect.objectContaining({
        action: 'user.update',
        actor_email: 'root@example.com',
        target_id: userId,
        before: { limits: { requests_per_minute: 7, daily_cost: '2.500000' } },
        after: { limits: { daily_cost: '2.500000' } },
      }),
      expect.objectContaining({
        target_id: userId,
        before: { tier: 'free', permissions: [], limits: {} },
        request_id: changed.headers.get('x-request-id'),
      }),
    ]);
  });

  it('shows the place of each entry in the chain, checks the chain, and gives it away whole', async () => {
    const { entries } = (await read(admin, '/admin/audit?limit=1')) as unknown as {
      entries: { seq: number }[];
    };
    expect(entries).toEqual([
      expect.objectContaining({
        seq: expect.any(Number) as unknown,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        actor_kind: 'user',
        outcome: 'ok',
        from: { network: '127.0.0.0/24', address_hash: expect.any(String) as unknown },
      }),
    ]);
    const { seq } = entries[0]!;
    expect(await read(admin, '/admin/audit/verify')).toMatchObject({ ok: true, checked: seq, head: { seq } });

    const answer = await admin.get('/api/v1/admin/audit/export');
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines).toHaveLength(seq + 2);
    expect(JSON.parse(lines.at(-2)!)).toMatchObject({ seq: seq + 1, action: 'audit.export' });
    expect(JSON.parse(lines.at(-1)!)).toEqual({
      head: { seq: seq + 1, hash: expect.any(String) as unknown },
    });
    expect(lines.join('')).not.toContain('@example.com');
  });

  it('takes an office away from a session that is open', async () => {
    await admin.patch(`/api/v1/admin/users/${userId}`, { roles: ['user', 'admin'] });
    expect((await user.get('/api/v1/admin/audit')).status).toBe(200);
    await admin.patch(`/api/v1/admin/users/${userId}`, { roles: [] });
    expect((await user.get('/api/v1/admin/audit')).status).toBe(403);
    expect((await user.get('/api/v1/usage')).status).toBe(403);
  });

  it('keeps one administrator', async () => {
    const refused = await admin.patch(`/api/v1/admin/users/${await idOf(admin)}`, { roles: ['user'] });
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'last_administrator' }),
    ]);
    expect((await admin.get('/api/v1/admin/users')).status).toBe(200);
  });

  it.each([
    ['an unknown member', { tear: 'pro' }, '/tear'],
    ['an unknown limit', { limits: { requests_per_hour: 1 } }, '/limits/requests_per_hour'],
    ['a tier that is none', { tier: 'gold' }, '/tier'],
    ['no tier', { tier: null }, '/tier'],
    ['a role that is none', { roles: ['root'] }, '/roles'],
    ['a permission that is none', { permissions: ['everything'] }, '/permissions'],
    ['limits that are none', { limits: null }, '/limits'],
    ['money as a number', { limits: { daily_cost: 5 } }, '/limits/daily_cost'],
    ['negative money', { limits: { monthly_cost: '-1' } }, '/limits/monthly_cost'],
    ['half a request', { limits: { requests_per_minute: 1.5 } }, '/limits/requests_per_minute'],
  ])('refuses %s, and changes nothing', async (_, body, pointer) => {
    const before = await read(admin, `/admin/users/${userId}`);
    const refused = await admin.patch(`/api/v1/admin/users/${userId}`, body);
    expect([refused.status, await refused.json()]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    ]);
    expect(await read(admin, `/admin/users/${userId}`)).toEqual(before);
  });

  it('knows nobody by an id that is missing, or none', async () => {
    for (const id of [MISSING, 'not-a-uuid']) {
      expect((await admin.get(`/api/v1/admin/users/${id}`)).status).toBe(404);
      expect((await admin.patch(`/api/v1/admin/users/${id}`, { tier: 'pro' })).status).toBe(404);
    }
  });

  it('pages through users, and finds them', async () => {
    for (let index = 0; index < 3; index += 1) await perch.user();
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await read(admin, `/admin/users?limit=2${cursor && `&cursor=${cursor}`}`)) as unknown as {
        users: { id: string }[];
        next_cursor: string | null;
      };
      seen.push(...page.users.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(await read(admin, '/admin/users?q=ROOT@')).toMatchObject({
      users: [{ email: 'root@example.com' }],
    });
    expect((await admin.get('/api/v1/admin/users?cursor=nonsense')).status).toBe(422);
  });

  it('shows no password', async () => {
    const { users } = (await read(admin, '/admin/users?limit=100')) as unknown as { users: unknown[] };
    expect(JSON.stringify(users)).not.toMatch(/argon2|password/);
  });

  it('shows who spent what, and the caller their own alone', async () => {
    const { dataSource } = perch.database;
    const now = new Date();
    const other = v7();
    await aLedgerRow(dataSource, { userId, cost: '1.25', admittedAt: now, model: 'large', inputTokens: 100 });
    await aLedgerRow(dataSource, { userId, cost: null, admittedAt: now, model: 'local' });
    await aLedgerRow(dataSource, { userId: other, cost: '9', admittedAt: now });
    await aLedgerRow(dataSource, { userId, cost: '7', admittedAt: new Date(now.getTime() - 40 * DAY_MS) });

    expect(await read(admin, '/admin/usage')).toMatchObject({
      users: [
        { user_id: other, email: null, cost_usd: '9.000000' },
        {
          user_id: userId,
          email: expect.stringContaining('@') as unknown,
          cost_usd: null,
          known_cost_usd: '1.250000',
        },
      ],
      has_more: false,
      total: { calls: 3, unpriced_calls: 1, known_cost_usd: '10.250000' },
    });
    expect(await read(admin, '/admin/usage?limit=1')).toMatchObject({
      users: [{ user_id: other }],
      has_more: true,
    });

    const own = await read(user, '/usage/records?group_by=model');
    expect(own).toMatchObject({
      group_by: 'model',
      records: [
        { model: 'large', provider: 'scripted', calls: 1, cost_usd: '1.250000', total_tokens: 101 },
        { model: 'local', unpriced_calls: 1, cost_usd: null, known_cost_usd: '0.000000' },
      ],
      total: { calls: 2, unpriced_calls: 1, cost_usd: null, known_cost_usd: '1.250000' },
    });
    const day = now.toISOString().slice(0, 10);
    expect(await read(user, `/usage/records?from=${day}&to=${day}`)).toMatchObject({
      from: `${day}T00:00:00.000Z`,
      group_by: 'day',
      records: [{ day, calls: 2 }],
    });
  });

  it.each([
    ['from=yesterday', '/from'],
    ['from=2026-02-30', '/from'],
    ['to=2026-11-25T10:00:00', '/to'],
    ['from=2026-11-25&to=2026-11-24', '/from'],
    ['from=2020-01-01&to=2026-11-24', '/from'],
    ['group_by=user', '/group_by'],
    ['user_id=1', '/user_id'],
  ])('refuses records of ?%s', async (query, pointer) => {
    const refused = await user.get(`/api/v1/usage/records?${query}`);
    expect([refused.status, await refused.json()]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    ]);
  });
});

describe('a change by an administrator', () => {
  it('holds on the other replica within five seconds', async () => {
    const perch = await startTestPerch(ADMIN);
    const second = await startTestPerch(ADMIN, perch);
    try {
      const admin = await login(perch, ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
      const user = await perch.user();
      const there = new ApiClient(second.url, user.token);
      const tierThere = async (): Promise<unknown> =>
        ((await (await there.get('/api/v1/auth/me')).json()) as { tier: string }).tier;
      expect(await tierThere()).toBe('free');
      await admin.patch(`/api/v1/admin/users/${await idOf(user)}`, { tier: 'basic' });
      await until(async () => (await tierThere()) === 'basic', 5_000);
    } finally {
      await second.stop();
      await perch.stop();
    }
  });
});
