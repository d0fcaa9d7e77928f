import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import type { ApiClient } from '../support/perch/api-client.js';

const CHAT = '/api/v1/agent/chat';

describe('bad input', () => {
  let perch: TestPerch;
  let user: ApiClient;
  beforeAll(async () => {
    perch = await startTestPerch({ PERCH_HEADERS_TIMEOUT_MS: '500', PERCH_REQUEST_TIMEOUT_MS: '1000' });
    user = await perch.user();
  });
  afterAll(() => perch.stop());

  afterEach(async () => {
    // Nothing stored, nothing spent, and the process is as calm as before.
    const rows = await perch.database.dataSource.query<{ count: string }[]>(
      'SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM run) + (SELECT count(*) FROM usage_record) AS count',
    );
    expect(rows[0]!.count).toBe('0');
    expect((await perch.anonymous().get('/health/live')).status).toBe(200);
  });

  function raw(body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${perch.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
  }

  const deep = (depth: number): string =>
    `{"message":"hi","context":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;

  it.each<[string, string | Buffer, Record<string, string>, number, string]>([
    ['a message of 1 MB', JSON.stringify({ message: 'x'.repeat(1_000_000) }), {}, 413, 'payload_too_large'],
    ['10,001 characters', JSON.stringify({ message: 'x'.repeat(10_001) }), {}, 422, 'validation_failed'],
    ['an empty message', JSON.stringify({ message: '' }), {}, 422, 'validation_failed'],
    ['a NUL character', JSON.stringify({ message: 'a\u0000b' }), {}, 422, 'validation_failed'],
    ['a lone surrogate', '{"message":"a\\ud800b"}', {}, 422, 'validation_failed'],
    [
      'a NUL deep in the context',
      JSON.stringify({ message: 'hi', context: { a: [{ b: '\u0000' }] } }),
      {},
      422,
      'validation_failed',
    ],
    [
      'a context over 16 KiB',
      JSON.stringify({ message: 'hi', context: { a: 'x'.repeat(17_000) } }),
      {},
      422,
      'validation_failed',
    ],
    [
      'a context that is a list',
      JSON.stringify({ message: 'hi', context: [1] }),
      {},
      422,
      'validation_failed',
    ],
    ['__proto__', '{"message":"hi","__proto__":{"admin":true}}', {}, 400, 'malformed_json'],
    [
      '__proto__ deep within',
      '{"message":"hi","context":{"a":{"__proto__":{"b":1}}}}',
      {},
      400,
      'malformed_json',
    ],
    ['JSON 100 deep', deep(100), {}, 400, 'malformed_json'],
    ['JSON 10,000 deep', deep(10_000), {}, 400, 'malformed_json'],
    ['a key that stands twice', '{"message":"hi","message":"ho"}', {}, 400, 'malformed_json'],
    ['two JSON bodies', '{"message":"hi"}{"message":"ho"}', {}, 400, 'malformed_json'],
    ['half a JSON body', '{"message":', {}, 400, 'malformed_json'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), {}, 400, 'malformed_json'],
    ['a text body', 'message=hi', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    [
      'a form',
      'message=hi',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    [
      'a gzip bomb',
      gzipSync(JSON.stringify({ message: 'x'.repeat(20_000_000) })),
      { 'content-encoding': 'gzip' },
      413,
      'payload_too_large',
    ],
    [
      'a member that is not in the contract',
      JSON.stringify({ message: 'hi', strem: true }),
      {},
      422,
      'validation_failed',
    ],
    [
      'a session id that is no UUID',
      JSON.stringify({ message: 'hi', session_id: 'abc' }),
      {},
      422,
      'validation_failed',
    ],
    [
      'a session that does not exist',
      JSON.stringify({ message: 'hi', session_id: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' }),
      {},
      404,
      'not_found',
    ],
    [
      'a model that does not exist',
      JSON.stringify({ message: 'hi', model: 'gpt-99' }),
      {},
      422,
      'validation_failed',
    ],
    [
      'an agent that does not exist',
      JSON.stringify({ message: 'hi', agent: 'nobody' }),
      {},
      422,
      'validation_failed',
    ],
    [
      'a tool that does not exist',
      JSON.stringify({ message: 'hi', tools: ['rm_rf'] }),
      {},
      422,
      'validation_failed',
    ],
    ['max_tokens below 1', JSON.stringify({ message: 'hi', max_tokens: -5 }), {}, 422, 'validation_failed'],
    [
      'max_tokens that is text',
      JSON.stringify({ message: 'hi', max_tokens: '5' }),
      {},
      422,
      'validation_failed',
    ],
    ['a temperature of 3', JSON.stringify({ message: 'hi', temperature: 3 }), {}, 422, 'validation_failed'],
    ['no body', '', {}, 422, 'validation_failed'],
    ['a body that is a list', '[1]', {}, 422, 'validation_failed'],
  ])('answers %s with a clear problem', async (_what, body, headers, status, code) => {
    const response = await raw(body, headers);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({
      status,
      code,
      instance: CHAT,
      title: expect.any(String),
      type: expect.any(String),
      detail: expect.any(String),
    });
    expect(problem.request_id).toBe(response.headers.get('x-request-id'));
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toContain('no-store');
    if (code === 'payload_too_large') expect(problem.limit_bytes).toBe(262_144);
  });

  it('names the member that is wrong, without repeating its value', async () => {
    const response = await raw(JSON.stringify({ message: 5, colour: 'canary-4711' }));
    const text = await response.text();
    expect(
      (JSON.parse(text) as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer).sort(),
    ).toEqual(['/colour', '/message']);
    expect(text).not.toContain('canary-4711');
  });

  it('leaves no trace of __proto__ in the process', async () => {
    await raw('{"message":"hi","__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['GET', '/api/v1/nowhere', 404],
    ['GET', '/nowhere', 404],
    ['GET', '/api/v1/agent/chat', 405],
    ['DELETE', '/api/v1/auth/login', 405],
  ])('answers %s %s with a problem %i', async (method, path, status) => {
    const response = await fetch(`${perch.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${user.token}` },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    if (status === 405) expect(response.headers.get('allow')).toContain('POST');
  });

  it('takes a sane request id over, and makes one for any other', async () => {
    const sane = await perch.anonymous().get('/health/live', { 'x-request-id': 'trace-1.2_3' });
    expect(sane.headers.get('x-request-id')).toBe('trace-1.2_3');
    const insane = await perch.anonymous().get('/health/live', { 'x-request-id': 'a b;c' });
    expect(insane.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  /** Sends bytes and reads until the server closes. */
  function talk(bytes: string): Promise<string> {
    const { hostname, port } = new URL(perch.url);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.setTimeout(10_000, () => socket.destroy(new Error('the server kept the socket open')));
      socket.on('data', (data) => (answer += data.toString('latin1')));
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  }

  it('F29: closes a connection whose headers do not come', async () => {
    const answer = await talk('GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('application/problem+json');
  });

  it('answers what is no HTTP with a problem, headers and all', async () => {
    const answer = await talk('HELLO\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff');
  });
});
