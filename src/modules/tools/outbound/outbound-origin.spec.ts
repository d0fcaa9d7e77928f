import type { RequestListener } from 'node:http';
import { anHttpSite, type ASite } from '../../../../test/support/tools/a-public-site.js';
import { aPublicRequest, outcomeOf } from '../../../../test/support/tools/public-requests.js';
import { until } from '../../../../test/support/until.js';
import { OutboundClient } from './outbound-client.js';
import type { OutboundRequest } from './outbound-request.js';

const LIMITS = { publicConcurrency: 2, originConcurrency: 2, ownHosts: [] };
let client: OutboundClient;
const opened: ASite[] = [];

beforeEach(() => {
  client = new OutboundClient(LIMITS);
});
afterEach(async () => {
  await client.onApplicationShutdown();
  for (const each of opened.splice(0)) await each.close();
});

async function site(listener: RequestListener): Promise<ASite> {
  opened.push(await anHttpSite(listener));
  return opened.at(-1)!;
}
const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () =>
    response.end(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`),
  );
};
const toOrigin = (url: string, origin: string, given: Partial<OutboundRequest> = {}): OutboundRequest =>
  aPublicRequest(url, { target: { kind: 'origin', origin }, ...given });

describe(`${OutboundClient.name}, an operator's origin`, () => {
  it('is reached by any method, in a private network, with the credentials that it needs', async () => {
    const api = await site(echo);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await client.request(
        toOrigin(`${api.origin}/things?a=1#x`, api.origin, {
          method,
          headers: { Authorization: 'Bearer key', Cookie: 'a=b' },
          ...(method === 'GET' ? {} : { body: 'what' }),
        }),
      );
      expect(Buffer.from(answer.body).toString()).toBe(
        `${method} /things?a=1 ${method === 'GET' ? '' : 'what'}`,
      );
    }
    expect(api.requests[0]!.headers).toMatchObject({ authorization: 'Bearer key', cookie: 'a=b' });
  });

  it('is the only one, compared as it was parsed', async () => {
    const api = await site(echo);
    const other = await site(echo);
    const reasons = await Promise.all(
      [
        `${other.origin}/`,
        `${api.origin}.evil.com/`,
        `${api.origin}@127.0.0.1:${other.port}/`,
        `http://user:pass@127.0.0.1:${api.port}/`,
        `http://evil.com\\@127.0.0.1:${api.port}/`,
        `https://127.0.0.1:${api.port}/`,
        `http://localhost:${api.port}/`,
        'file:///etc/passwd',
        '/things',
      ].map((url) => outcomeOf(client.request(toOrigin(url, api.origin)))),
    );
    expect(reasons.map((reason) => String(reason).replace('OutboundRefused: ', ''))).toEqual([
      'origin_forbidden',
      'invalid_url',
      'credentials_forbidden',
      'credentials_forbidden',
      'origin_forbidden',
      'origin_forbidden',
      'origin_forbidden',
      'scheme_forbidden',
      'invalid_url',
    ]);
    expect([api.connections(), other.connections()]).toEqual([0, 0]);
    // The same origin in other words.
    expect(await outcomeOf(client.request(toOrigin(`HTTP://127.1:${api.port}/`, `${api.origin}/v1`)))).toBe(
      200,
    );
  });

  it('leads nowhere else: its redirects are handed back', async () => {
    const other = await site(echo);
    const api = await site((_, response) => response.writeHead(307, { location: other.origin }).end());
    expect(await outcomeOf(client.request(toOrigin(api.origin, api.origin)))).toBe(307);
    expect((await client.fetchFor(api.origin)(api.origin)).status).toBe(307);
    expect(other.connections()).toBe(0);
  });

  it.each<Record<string, string>>([
    { Host: 'other' },
    { 'Content-Length': '1' },
    { 'Transfer-Encoding': 'chunked' },
    { Connection: 'upgrade' },
    { 'Proxy-Authorization': 'x' },
    { 'User-Agent': 'x' },
    { 'X-Tenant': 'a\r\nHost: other' },
    { 'X-Tenant': 'a\u0000' },
    { 'X Tenant': 'a' },
    { 'X-Tenant': '\u4e2d' },
  ])('gets no header %j', async (headers) => {
    const request = client.request(toOrigin('http://127.0.0.1:1/', 'http://127.0.0.1:1', { headers }));
    expect(await outcomeOf(request)).toBe('OutboundRefused: header_forbidden');
  });

  it.each(['CONNECT', 'TRACE', 'post', 'GET /x', ''])('is not asked to %j', async (method) => {
    const request = client.request(toOrigin('http://127.0.0.1:1/', 'http://127.0.0.1:1', { method }));
    expect(await outcomeOf(request)).toBe('OutboundRefused: method_forbidden');
  });

  it('has the same deadline and bounds as others', async () => {
    const silent = await site(() => undefined);
    const chatty = await site((_, response) => response.end('x'.repeat(1_000)));
    expect(await outcomeOf(client.request(toOrigin(silent.origin, silent.origin, { timeoutMs: 100 })))).toBe(
      'OutboundFailed: timeout',
    );
    expect(await client.request(toOrigin(chatty.origin, chatty.origin, { maxBytes: 10 }))).toMatchObject({
      truncated: true,
      body: { length: 10 },
    });
    await until(() => silent.open() === 0);
  });
});

describe('origins of the operator', () => {
  it('do not hold each other up', async () => {
    const hanging = await site(() => undefined);
    const api = await site(echo);
    const caller = new AbortController();
    const blocked = Array.from({ length: 3 }, () =>
      client.request(toOrigin(hanging.origin, hanging.origin, { signal: caller.signal })),
    );
    await until(() => hanging.requests.length === LIMITS.originConcurrency);
    expect(await outcomeOf(client.request(toOrigin(api.origin, api.origin)))).toBe(200);
    caller.abort();
    await Promise.all(blocked.map(outcomeOf));
    expect(hanging.requests).toHaveLength(LIMITS.originConcurrency);
  });
});

describe('the fetch for one origin', () => {
  it('streams, with back pressure left to the reader, and ends with its signal', async () => {
    const events = await site((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const caller = new AbortController();
    const answer = await client.fetchFor(events.origin)(new URL(events.origin), { signal: caller.signal });
    const reader = answer.body!.getReader();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('data: 1\n\n');
    caller.abort();
    await expect(reader.read()).rejects.toThrow();
    await until(() => events.open() === 0);
  });

  it('takes what libraries give: a URL, a Request, Headers, a body', async () => {
    const api = await site(echo);
    const bound = client.fetchFor(api.origin);
    const text = async (answer: Promise<Response>) => (await answer).text();
    const init = { method: 'POST', headers: new Headers({ authorization: 'Bearer key' }), body: '{}' };
    expect(await text(bound(`${api.origin}/a`, init))).toBe('POST /a {}');
    expect(await text(bound(new Request(`${api.origin}/b`, init)))).toBe('POST /b {}');
    expect(
      await text(bound(`${api.origin}/c`, { method: 'POST', body: new URLSearchParams({ a: '1' }) })),
    ).toBe('POST /c a=1');
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer key',
      'Bearer key',
      undefined,
    ]);
    expect(api.requests[0]!.headers['user-agent']).toMatch(/^Perch/);
  });

  it('reaches nobody else, whatever the init says', async () => {
    const api = await site(echo);
    const other = await site(echo);
    const bound = client.fetchFor(api.origin);
    for (const url of [other.origin, new Request(other.origin), `http://a:b@127.0.0.1:${api.port}/`]) {
      await expect(bound(url)).rejects.toMatchObject({ name: 'OutboundRefused' });
    }
    const leading = await site((_, response) => response.writeHead(302, { location: other.origin }).end());
    expect((await client.fetchFor(leading.origin)(leading.origin, { redirect: 'follow' })).status).toBe(302);
    expect(other.connections()).toBe(0);
  });
});
