import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { BUG_TEXT, type EdgeApp, startEdgeApp } from '../support/http/edge-app.js';
import { until } from '../support/until.js';

const THINGS = '/api/v1/things';

type Problem = Record<string, unknown>;

/** The members of every problem, in their contract's types. */
const A_PROBLEM = {
  type: expect.stringMatching(/^urn:perch:problem:[a-z_]+$/),
  title: expect.any(String),
  status: expect.any(Number),
  detail: expect.any(String),
  instance: expect.any(String),
  code: expect.any(String),
  request_id: expect.any(String),
};

describe('the HTTP edge', () => {
  let edge: EdgeApp;
  beforeAll(async () => {
    edge = await startEdgeApp();
  });
  afterAll(() => edge.stop());
  beforeEach(() => edge.lines.splice(0));

  function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${edge.url}${THINGS}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
  }

  async function expectProblem(response: Response, status: number, code: string): Promise<Problem> {
    const problem = (await response.json()) as Problem;
    expect({ ...problem, http: response.status }).toMatchObject({ ...A_PROBLEM, http: status, status, code });
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(problem.request_id).toBe(response.headers.get('x-request-id'));
    return problem;
  }

  describe('answers every failure as a problem', () => {
    it.each([
      ['a bug', 'bug', 500, 'internal'],
      ['a database that cannot be reached', 'database-away', 503, 'dependency_unavailable'],
      ['a missing resource', 'x', 404, 'not_found'],
      ['a 401 of the framework', 'refused/401', 401, 'unauthenticated'],
      ['a 403 of the framework', 'refused/403', 403, 'forbidden'],
      ['a 413 of the framework', 'refused/413', 413, 'payload_too_large'],
      ['a 429 of the framework', 'refused/429', 429, 'rate_limited'],
      ['a 418 of the framework', 'refused/418', 400, 'malformed_request'],
      ['a 500 of the framework', 'refused/500', 500, 'internal'],
      ['a 503 of the framework', 'refused/503', 503, 'dependency_unavailable'],
      ['a 400 of Express', 'express/400', 400, 'malformed_request'],
      ['a 415 of Express', 'express/415', 415, 'unsupported_media_type'],
      ['a problem that a run ended with', 'made-elsewhere', 504, 'provider_timeout'],
      ['a path that cannot be decoded', 'refused/%E0%A4%A', 400, 'malformed_request'],
    ])('%s', async (_what, path, status, code) => {
      const response = await fetch(`${edge.url}${THINGS}/${path}?token=canary-in-query`);
      const problem = await expectProblem(response, status, code);
      expect(problem.instance).toBe(`${THINGS}/${path}`);
      expect(JSON.stringify(problem)).not.toMatch(/SELECT|canary/);
      expect(response.headers.has('retry-after')).toBe(status === 429 || status === 503);
      expect(response.headers.has('www-authenticate')).toBe(status === 401);
    });

    it('says nothing of a bug but the request id, and logs the bug', async () => {
      const problem = await expectProblem(await fetch(`${edge.url}${THINGS}/bug`), 500, 'internal');
      expect(Object.keys(problem).sort()).toEqual(Object.keys(A_PROBLEM).sort());
      expect(edge.lines).toEqual([
        expect.objectContaining({
          level: 'error',
          event: 'http.error',
          status: 500,
          err: expect.objectContaining({ message: BUG_TEXT }),
        }),
      ]);
    });

    it('logs what a caller did wrong for debugging only', async () => {
      await fetch(`${edge.url}${THINGS}/x`);
      expect(edge.lines).toEqual([
        { level: 'debug', event: 'http.error', code: 'not_found', status: 404, method: 'GET' },
      ]);
    });

    it('cuts an answer that has begun, instead of adding to it', async () => {
      const text = await edge.raw(`GET ${THINGS}/half HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(text).toContain('data: 1\n\n');
      expect(text).not.toContain('problem');
      expect(text.endsWith('0\r\n\r\n')).toBe(false);
    });
  });

  describe('routes', () => {
    it.each([
      ['GET', `${THINGS}/a/b`, 404, null],
      ['GET', '/nowhere', 404, null],
      ['GET', '/%E0%A4%A', 404, null],
      ['GET', '/health/nowhere', 404, null],
      ['GET', '/', 200, null],
      ['DELETE', `${THINGS}/x`, 405, 'GET, HEAD'],
      ['PATCH', THINGS, 405, 'POST'],
      ['DELETE', '/health/live', 405, 'GET, HEAD'],
      ['DELETE', '/', 405, 'GET, HEAD'],
      ['PROPFIND', THINGS, 405, 'POST'],
    ])('%s %s is answered with %i', async (method, path, status, allow) => {
      const response = await fetch(`${edge.url}${path}`, { method });
      if (status !== 200)
        await expectProblem(response, status, status === 404 ? 'not_found' : 'method_not_allowed');
      expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
    });
  });

  describe('request id and time', () => {
    it('takes a sane id over into context and answer', async () => {
      const response = await fetch(`${edge.url}${THINGS}/context`, {
        headers: { 'x-request-id': 'trace-1.2_3' },
      });
      expect(response.headers.get('x-request-id')).toBe('trace-1.2_3');
      expect(await response.json()).toEqual({ request_id: 'trace-1.2_3' });
    });

    it.each(['a b', 'x'.repeat(129), 'a;b', 'ä', '{"a":1}', ''])(
      'makes an id of its own for %j',
      async (given) => {
        const response = await fetch(`${edge.url}/health/live`, { headers: { 'x-request-id': given } });
        expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      },
    );

    it('never mixes the contexts of simultaneous requests', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `id-${index}`);
      const seen = await Promise.all(
        ids.map(async (id) => {
          const response = await fetch(`${edge.url}${THINGS}/context`, { headers: { 'x-request-id': id } });
          return ((await response.json()) as { request_id: string }).request_id;
        }),
      );
      expect(seen).toEqual(ids);
    });
  });

  describe('headers that every answer has', () => {
    const REQUEST = 'Host: x\r\nConnection: close\r\n';
    const body = (text: string, type = 'application/json'): string =>
      `POST ${THINGS} HTTP/1.1\r\n${REQUEST}Content-Type: ${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

    it.each([
      ['200', `GET /health/live HTTP/1.1\r\n${REQUEST}\r\n`],
      ['201', body('{"name":"a"}')],
      ['400 of the scan', body('{"a":1,"a":2}')],
      ['400 of the parser', body('{"a":')],
      ['400 of Node', 'HELLO\r\n\r\n'],
      ['400 without a host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
      ['404', `GET ${THINGS}/x HTTP/1.1\r\n${REQUEST}\r\n`],
      ['404 of no route', `GET /nowhere HTTP/1.1\r\n${REQUEST}\r\n`],
      ['405', `PUT ${THINGS} HTTP/1.1\r\n${REQUEST}\r\n`],
      ['405', `OPTIONS ${THINGS} HTTP/1.1\r\n${REQUEST}\r\n`],
      ['413', body(`{"name":"${'x'.repeat(10_000)}"}`)],
      ['415', body('a=b', 'text/plain')],
      ['422', body('{}')],
      ['431', `GET / HTTP/1.1\r\n${REQUEST}X-A: ${'a'.repeat(20_000)}\r\n\r\n`],
      ['500', `GET ${THINGS}/bug HTTP/1.1\r\n${REQUEST}\r\n`],
      ['200 of a stream', `GET ${THINGS}/half HTTP/1.1\r\n${REQUEST}\r\n`],
      ['200 of an unknown expectation', `GET /health/live HTTP/1.1\r\n${REQUEST}Expect: cake\r\n\r\n`],
    ])('%s', async (status, request) => {
      const [head = ''] = (await edge.raw(request)).split('\r\n\r\n');
      const headers = head.toLowerCase();
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status.slice(0, 3)} `));
      expect(headers).toMatch(/\r\nx-request-id: [a-z0-9-]+/);
      expect(headers).toContain('\r\nx-content-type-options: nosniff');
      expect(headers).toContain("\r\ncontent-security-policy: default-src 'none'; frame-ancestors 'none'");
      expect(headers).toContain('\r\nreferrer-policy: no-referrer');
      expect(headers).toContain('\r\nx-frame-options: deny');
      expect(headers).toContain('\r\npermissions-policy: ');
      expect(headers).toContain('\r\ncache-control: no-store');
      expect(headers).not.toMatch(/\r\n(x-powered-by|server|etag|strict-transport-security):/);
      // What Node's parser refuses never was a request of which the time could be taken.
      const isRaw = status === '400 of Node' || status === '431';
      expect(/\r\nx-process-time: \d+\.\d{6}/.test(headers)).toBe(!isRaw);
    });

    it('let the page load its own files, and nothing else', async () => {
      const { headers } = await fetch(`${edge.url}/`);
      expect(headers.get('content-security-policy')).toContain("script-src 'self';");
      expect(headers.get('content-security-policy')).toContain("connect-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe-eval');
    });
  });

  describe('bodies', () => {
    it('are taken as JSON, plain or compressed, with or without a charset', async () => {
      const text = JSON.stringify({ name: 'Grüße 🦉' });
      for (const response of [
        await post(text),
        await post(text, { 'content-type': 'application/json; charset=UTF-8' }),
        await post(text, { 'content-type': 'application/vnd.api+json' }),
        await post(gzipSync(text), { 'content-encoding': 'gzip' }),
        await post(`\uFEFF ${text}\n`),
      ]) {
        expect([response.status, await response.json()]).toEqual([201, { name: 'Grüße 🦉' }]);
      }
    });

    const UTF_16 = Buffer.from('{"name":"a","__proto__":{"x":1}}', 'utf16le');

    it.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
      ['a text', 'name=a', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
      ['no type', '{"name":"a"}', { 'content-type': '' }, 415, 'unsupported_media_type'],
      [
        'Latin-1',
        '{}',
        { 'content-type': 'application/json; charset=latin1' },
        415,
        'unsupported_media_type',
      ],
      // The parser would decode it, and so see another text than the scan.
      [
        'UTF-16',
        UTF_16,
        { 'content-type': 'application/json; charset=utf-16le' },
        415,
        'unsupported_media_type',
      ],
      ['an unknown coding', '{}', { 'content-encoding': 'lzma' }, 415, 'unsupported_media_type'],
      ['a coding twice', '{}', { 'content-encoding': 'gzip, gzip' }, 415, 'unsupported_media_type'],
      ['gzip that is none', '{}', { 'content-encoding': 'gzip' }, 400, 'malformed_json'],
      ['bytes that are no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), {}, 400, 'malformed_json'],
      ['two values', '{"name":"a"}{"name":"b"}', {}, 400, 'malformed_json'],
      ['rubbish behind the value', '{"name":"a"} x', {}, 400, 'malformed_json'],
      ['an unfinished value', '{"name":"a', {}, 400, 'malformed_json'],
      ['deep nesting', '['.repeat(10_000 / 2 - 1) + ']'.repeat(10_000 / 2 - 1), {}, 400, 'malformed_json'],
      ['a member twice', '{"name":"a","\\u006eame":"b"}', {}, 400, 'malformed_json'],
      ['a prototype', '{"name":"a","__proto__":{"x":1}}', {}, 400, 'malformed_json'],
      ['a large body', JSON.stringify({ name: 'x'.repeat(10_000) }), {}, 413, 'payload_too_large'],
      ['no members', '{}', {}, 422, 'validation_failed'],
      ['null', 'null', {}, 422, 'validation_failed'],
      ['a number', '7', {}, 422, 'validation_failed'],
      ['a list', '[{"name":"a"}]', {}, 422, 'validation_failed'],
      ['a member of another type', '{"name":5}', {}, 422, 'validation_failed'],
      ['an unknown member', '{"name":"a","nmae":"canary"}', {}, 422, 'validation_failed'],
    ])('refuses %s', async (_what, body, headers, status, code) => {
      const problem = await expectProblem(await post(body, headers), status, code);
      if (status === 413) expect(problem.limit_bytes).toBe(10_000);
      expect(JSON.stringify(problem)).not.toContain('canary');
    });

    it.each([
      ['gzip', gzipSync('x'.repeat(50_000_000))],
      ['deflate', deflateSync('x'.repeat(50_000_000))],
      ['br', brotliCompressSync('x'.repeat(50_000_000))],
    ])('F31: stop a bomb in %s where it becomes too large', async (coding, bomb) => {
      expect(bomb.length).toBeLessThan(100_000);
      const problem = await expectProblem(
        await post(bomb, { 'content-encoding': coding }),
        413,
        'payload_too_large',
      );
      expect(problem.limit_bytes).toBe(10_000);
    });

    it('are missed where one is needed', async () => {
      const response = await fetch(`${edge.url}${THINGS}`, { method: 'POST' });
      const problem = await expectProblem(response, 422, 'validation_failed');
      expect(problem.errors).toEqual([{ pointer: '/name', detail: 'must be a string' }]);
    });

    it('leave no trace of a prototype in the process', async () => {
      await post('{"name":"a","constructor":{"prototype":{"polluted":1}}}');
      await post('{"name":"a","__proto__":{"polluted":1}}');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });
  });
});

describe('the HTTP edge, as configured', () => {
  const running: EdgeApp[] = [];
  async function start(...parameters: Parameters<typeof startEdgeApp>): Promise<EdgeApp> {
    const edge = await startEdgeApp(...parameters);
    running.push(edge);
    return edge;
  }
  afterEach(async () => {
    for (const edge of running.splice(0)) await edge.stop();
  });

  const get = (edge: EdgeApp, host: string, path: string, more = ''): Promise<string> =>
    edge.raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);

  it('answers only to its own host names, but to every probe', async () => {
    const edge = await start({ allowedHosts: ['Perch.example.com', '::1'] });
    for (const host of ['perch.example.com', 'PERCH.EXAMPLE.COM:8080', '[::1]:3000'])
      expect(await get(edge, host, '/')).toMatch(/^HTTP\/1\.1 200 /);
    for (const host of [
      'evil.com',
      'perch.example.com.evil.com',
      'localhost:4000/#@x',
      'perch.example.com:x',
      '',
    ])
      expect(await get(edge, host, '/')).toMatch(/^HTTP\/1\.1 400 [^]*"code":"host_not_allowed"/);
    expect(await get(edge, '10.0.0.7:3000', '/health/live')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('speaks of transport security only where the trusted proxy says that it was TLS', async () => {
    const behindProxy = await start({ trustedProxyHops: 1 });
    const open = await start();
    const forwarded = 'X-Forwarded-Proto: https\r\n';
    expect(await get(behindProxy, 'x', '/', forwarded)).toContain('Strict-Transport-Security: max-age=');
    expect(await get(behindProxy, 'x', '/')).not.toContain('Strict-Transport-Security');
    expect(await get(open, 'x', '/', forwarded)).not.toContain('Strict-Transport-Security');
  });

  it('lets pages of the configured origins in, and no others', async () => {
    const edge = await start({ corsOrigins: ['https://app.example.com'] });
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${edge.url}${THINGS}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight('https://app.example.com');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(
      /Authorization.*Idempotency-Key.*Last-Event-ID.*X-Stainless-Retry-Count/,
    );
    expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);
    for (const origin of ['https://evil.example.com', 'null', 'http://app.example.com'])
      expect((await preflight(origin)).headers.has('access-control-allow-origin')).toBe(false);

    const answer = await fetch(`${edge.url}/health/live`, { headers: { origin: 'https://app.example.com' } });
    expect(answer.headers.get('access-control-expose-headers')).toMatch(
      /X-Request-Id.*Retry-After.*RateLimit/,
    );
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  it('shows every request to the watcher, the refused ones too', async () => {
    const seen: string[] = [];
    const edge = await start(
      { allowedHosts: ['127.0.0.1'] },
      {
        watch: (request, response, next) => {
          response.once('close', () => seen.push(`${request.method} ${response.statusCode}`));
          next();
        },
      },
    );
    await get(edge, 'evil.com', '/');
    await fetch(`${edge.url}${THINGS}`, { method: 'POST', headers: { 'content-type': 'text/x' }, body: 'x' });
    await fetch(`${edge.url}/nowhere`);
    await until(() => seen.length === 3);
    expect(seen).toEqual(['GET 400', 'POST 415', 'GET 404']);
  });

  it('F29: waits for slow headers and slow bodies only as long as configured, and serves others meanwhile', async () => {
    const edge = await start({ headersTimeoutMs: 200, requestTimeoutMs: 200 });
    const slowHeaders = edge.raw('GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const slowBody = edge.raw(
      `POST ${THINGS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name`,
    );
    expect((await fetch(`${edge.url}/health/live`)).status).toBe(200);
    for (const answer of [await slowHeaders, await slowBody]) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*application\/problem\+json[^]*"code":"request_timeout"/);
      expect(answer).toContain('Connection: close');
    }
  });

  it.each<[string, string | Uint8Array, number, string]>([
    ['a message of 1 MB', JSON.stringify({ name: 'x'.repeat(1_000_000) }), 413, 'payload_too_large'],
    ['11 MB', JSON.stringify({ name: 'x'.repeat(11_000_000) }), 413, 'payload_too_large'],
    ['nesting of 10,000', '['.repeat(10_000) + ']'.repeat(10_000), 400, 'malformed_json'],
    ['nesting that never ends', '{"a":'.repeat(100_000), 400, 'malformed_json'],
    [
      '100,000 keys',
      `{${Array.from({ length: 100_000 }, (_, at) => `"${at}":1`).join()}}`,
      413,
      'payload_too_large',
    ],
    [
      '20,000 keys',
      `{${Array.from({ length: 20_000 }, (_, at) => `"${at}":1`).join()}}`,
      400,
      'malformed_json',
    ],
    ['a key twice', '{"name":"a","name":"b"}', 400, 'malformed_json'],
    ['__proto__', '{"name":"a","__proto__":{"polluted":1}}', 400, 'malformed_json'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, 'malformed_json'],
  ])('F30: refuses %s, and serves others meanwhile', async (_what, body, status, code) => {
    const edge = await start({ bodyLimitBytes: 600_000 });
    const post = fetch(`${edge.url}${THINGS}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    const [refused, other] = await Promise.all([post, fetch(`${edge.url}/health/live`)]);
    expect(other.status).toBe(200);
    expect([refused.status, await refused.json()]).toMatchObject([status, { status, code }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('puts nothing into an answer that has begun when garbage follows on the connection', async () => {
    const edge = await start(
      {},
      {
        watch: (request, response, next) => {
          if (request.path !== '/open') return next();
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('data: 1\n\n');
        },
      },
    );
    const answer = await edge.raw('GET /open HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE GARBAGE\r\n\r\n');
    expect(answer.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(answer).not.toContain('problem');
  });
});
