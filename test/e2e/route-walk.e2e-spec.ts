import type { ApiClient } from '../support/perch/api-client.js';
import { documentedRoutes } from '../support/perch/document-routes.js';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const PUBLIC = new Set([
  ...['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /api/v1/metadata'],
  ...['POST /api/v1/auth/register', 'POST /api/v1/auth/login', 'POST /api/v1/auth/refresh'],
  ...['forgot', 'reset'].map((step) => `POST /api/v1/auth/password/${step}`),
  'POST /api/v1/auth/email/confirm',
]);

const ROUTES = documentedRoutes();
const MISSING = '0193ab40-0000-7000-8000-000000000000';

describe('every route of the document', () => {
  let perch: TestPerch;
  let owner: ApiClient;
  let other: ApiClient;
  let owned: Record<string, string>;

  beforeAll(async () => {
    perch = await startTestPerch();
    owner = await perch.user();
    other = await perch.user();
    const answer = await owner.chat({ message: 'This is mine.' });
    await owner.put('/api/v1/agent/memories/settings', { enabled: true });
    await other.put('/api/v1/agent/memories/settings', { enabled: true });
    const fact = await owner.post('/api/v1/agent/memories', { text: 'This is mine.' });
    const { id: factId } = (await fact.json()) as { id: string };
    owned = {
      session_id: answer.session_id,
      run_id: answer.run_id,
      message_id: answer.message_id!,
      memory_id: factId,
    };
  });
  afterAll(() => perch.stop());

  function call(client: ApiClient, method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${client.url}${path}`, {
      method,
      headers: {
        ...(client.token === undefined ? {} : { authorization: `Bearer ${client.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  const filled = (path: string, ids: Record<string, string>): string =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'calculator');

  it('is found at all', () => {
    expect(ROUTES.length).toBeGreaterThan(15);
  });

  it.each(ROUTES.map(({ method, path, operation }) => [`${method} ${path}`, operation] as const))(
    '%s wants a token, or is known to be public',
    async (route, operation) => {
      const [method, path] = route.split(' ') as [string, string];
      const response = await call(
        perch.anonymous(),
        method,
        filled(path, {}),
        method === 'GET' ? undefined : {},
      );
      if (PUBLIC.has(route)) {
        expect(response.status).not.toBe(401);
        expect(operation.security).toEqual([]);
      } else {
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
      }
    },
  );

  const ofAdministrators = ROUTES.filter(({ operation }) =>
    ['admin', 'prompts:write'].includes(operation['x-required-permission'] ?? ''),
  );

  it.each(ofAdministrators.map(({ method, path }) => [method, path] as const))(
    '%s %s refuses everybody else, whomever they ask for',
    async (method, path) => {
      const { id } = (await (await owner.get('/api/v1/auth/me')).json()) as { id: string };
      for (const ids of [{ id }, { id: MISSING }]) {
        const response = await call(other, method, filled(path, ids), method === 'GET' ? undefined : {});
        expect([response.status, await response.json()]).toEqual([
          403,
          expect.objectContaining({ code: 'forbidden' }),
        ]);
      }
    },
  );

  const withIds = ROUTES.filter(({ path }) => /\{(session_id|run_id|memory_id)\}/.test(path));

  it.each(withIds.map(({ method, path }) => [method, path] as const))(
    '%s %s answers another user’s id exactly like a missing one',
    async (method, path) => {
      const body = path.endsWith('/approvals')
        ? { tool_call_id: 'call_1', decision: 'approve' }
        : method === 'PATCH'
          ? path.endsWith('/{message_id}')
            ? { pinned: true }
            : path.includes('/memories/')
              ? { text: 'Mine now' }
              : { title: 'Mine now' }
          : undefined;
      const read = async (ids: Record<string, string>): Promise<unknown> => {
        const response = await call(other, method, filled(path, ids), body);
        const {
          instance,
          request_id: requestId,
          ...problem
        } = (await response.json()) as Record<string, unknown>;
        expect(instance).toBe(filled(path, ids));
        expect(requestId).toBe(response.headers.get('x-request-id'));
        const headers = [...response.headers.keys()].filter(
          (name) => !['date', 'x-request-id', 'x-process-time'].includes(name),
        );
        return { status: response.status, problem, headers };
      };
      const foreign = await read(owned);
      expect(foreign).toMatchObject({ status: 404, problem: { code: 'not_found' } });
      expect(foreign).toEqual(
        await read({ session_id: MISSING, run_id: MISSING, message_id: MISSING, memory_id: MISSING }),
      );
      expect(foreign).toEqual(
        await read({
          session_id: 'not-a-uuid',
          run_id: 'not-a-uuid',
          message_id: 'not-a-uuid',
          memory_id: 'not-a-uuid',
        }),
      );
    },
  );

  it('gives no way into another user’s conversation by posting to it', async () => {
    for (const route of ['/api/v1/agent/chat', '/api/v1/agent/chat/stream']) {
      const foreign = await other.post(route, { message: 'let me in', session_id: owned.session_id });
      const missing = await other.post(route, { message: 'let me in', session_id: MISSING });
      expect([foreign.status, missing.status]).toEqual([404, 404]);
      const strip = async (response: Response): Promise<unknown> => ({
        ...((await response.json()) as object),
        request_id: '',
      });
      expect(await strip(foreign)).toEqual(await strip(missing));
    }
    const list = (await (await other.get('/api/v1/agent/conversations')).json()) as {
      conversations: unknown[];
    };
    expect(list.conversations).toEqual([]);
    const mine = (await (await owner.get(`/api/v1/agent/conversations/${owned.session_id}`)).json()) as {
      title: string;
      messages: unknown[];
    };
    expect(mine).toMatchObject({ title: 'This is mine.' });
    expect(mine.messages).toHaveLength(2);
  });
});
