import type { ApiClient } from '../support/perch/api-client.js';
import {
  NOT_OWNED,
  OWNED_THINGS_ENVIRONMENT,
  ownedThingsOf,
  type Things,
} from '../support/perch/owned-things.js';
import {
  exampleBody,
  type NamingParameter,
  namingParameters,
  type Route,
  ROUTES,
} from '../support/perch/routes.js';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const PUBLIC = new Set([
  ...['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /api/v1/metadata'],
  ...['POST /api/v1/auth/register', 'POST /api/v1/auth/login', 'POST /api/v1/auth/refresh'],
  ...['forgot', 'reset'].map((step) => `POST /api/v1/auth/password/${step}`),
  'POST /api/v1/auth/email/confirm',
]);

const MISSING = '0193ab40-0000-7000-8000-000000000000';

/** Every parameter of every route for users that names something of somebody. */
const OF_SOMEBODY = ROUTES.filter(({ operation }) => operation['x-required-permission'] !== 'admin').flatMap(
  (route) =>
    namingParameters(route)
      .filter(({ name, place }) => NOT_OWNED[place] === undefined && NOT_OWNED[name] === undefined)
      .map((parameter) => ({ route, parameter })),
);
const idIn = (things: Things, { name, place }: NamingParameter): string | undefined =>
  things[place] ?? things[name];

describe('every route of the document', () => {
  let perch: TestPerch;
  let owner: ApiClient;
  let other: ApiClient;
  let owned: { session_id: string };
  /** One of everything, of the owner and of the other one. */
  let theirs: Things;
  let mine: Things;

  beforeAll(async () => {
    perch = await startTestPerch(OWNED_THINGS_ENVIRONMENT);
    owner = await perch.user();
    other = await perch.user();
    owned = await owner.chat({ message: 'This is mine.' });
    theirs = await ownedThingsOf(owner);
    mine = await ownedThingsOf(other);
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

  it('has somebody else’s thing to ask for, for each parameter that names one', () => {
    const unknown = OF_SOMEBODY.filter(({ parameter }) => !idIn(theirs, parameter)).map(
      ({ route, parameter }) =>
        `${route.method} ${route.path}: add ${parameter.place} to SEEDS, or to NOT_OWNED, in test/support/perch/owned-things.ts`,
    );
    expect(unknown).toEqual([]);
    expect(Object.keys(mine).filter((name) => mine[name] === theirs[name])).toEqual([]);
  });

  /** The request with this id there, and with ids of the caller's own everywhere else. */
  function callNaming(
    route: Route,
    asked: NamingParameter,
    id: string,
  ): { path: string; answer: Promise<Response> } {
    const query = new URLSearchParams();
    const body = exampleBody(route);
    let { path } = route;
    for (const parameter of namingParameters(route)) {
      const isAsked = parameter.place === asked.place && parameter.in === asked.in;
      const value = isAsked ? id : idIn(mine, parameter);
      if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, value ?? 'example');
      else if (isAsked || parameter.in === 'body') {
        if (parameter.in === 'query') query.set(parameter.name, id);
        else if (isAsked || body![parameter.name] !== undefined) body![parameter.name] = value;
      }
    }
    const target = query.size > 0 ? `${path}?${query.toString()}` : path;
    return { path: target, answer: call(other, route.method, target, body) };
  }

  async function readNaming(route: Route, parameter: NamingParameter, id: string): Promise<unknown> {
    const { path, answer } = callNaming(route, parameter, id);
    const response = await answer;
    const { instance, request_id: requestId, ...rest } = (await response.json()) as Record<string, unknown>;
    if (instance !== undefined) {
      expect(instance).toBe(path.split('?')[0]);
      expect(requestId).toBe(response.headers.get('x-request-id'));
    }
    const headers = [...response.headers.keys()].filter(
      (name) => !['date', 'x-request-id', 'x-process-time'].includes(name),
    );
    return { status: response.status, rest, headers };
  }

  it.each(
    OF_SOMEBODY.map(
      ({ route, parameter }) =>
        [route.method, `${route.path} (${parameter.in}: ${parameter.name})`, route, parameter] as const,
    ),
  )(
    '%s %s answers another user’s id exactly like a missing one',
    async (_method, _path, route, parameter) => {
      const foreign = await readNaming(route, parameter, idIn(theirs, parameter)!);
      expect(foreign).toEqual(await readNaming(route, parameter, MISSING));
      // A filter of a list finds nothing; all else is not there.
      if (parameter.in === 'query') expect(foreign).toMatchObject({ status: 200 });
      else expect(foreign).toMatchObject({ status: 404, rest: { code: 'not_found' } });
      if (parameter.in === 'path') expect(foreign).toEqual(await readNaming(route, parameter, 'not-a-uuid'));
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
    expect(list.conversations).toEqual([expect.objectContaining({ session_id: mine['session_id'] })]);
    const kept = (await (await owner.get(`/api/v1/agent/conversations/${owned.session_id}`)).json()) as {
      title: string;
      messages: unknown[];
    };
    expect(kept).toMatchObject({ title: 'This is mine.' });
    expect(kept.messages).toHaveLength(2);
  });
});
