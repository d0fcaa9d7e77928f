import { anHttpSite, anInternet, type ASite } from '../../../../test/support/tools/a-public-site.js';
import { OutboundClient } from './outbound-client.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
async function site(listener: Parameters<typeof anHttpSite>[0]): Promise<ASite> {
  const made = await anHttpSite(listener);
  opened.push(made);
  return made;
}

const LIMITS = { publicConcurrency: 4, originConcurrency: 4, ownHosts: [] };
const never = new AbortController().signal;

describe(OutboundClient.name, () => {
  it('fetches a page of a public host', async () => {
    const page = await site((_, response) => response.setHeader('content-type', 'text/plain').end('hello'));
    const client = new OutboundClient(LIMITS, anInternet([page]));
    const answer = await client.request({
      url: `http://public.site:${page.port}/a?b=1#c`,
      target: { kind: 'public' },
      maxBytes: 1000,
      timeoutMs: 2000,
      signal: never,
    });
    expect(answer).toMatchObject({
      status: 200,
      truncated: false,
      url: `http://public.site:${page.port}/a?b=1`,
    });
    expect(Buffer.from(answer.body).toString()).toBe('hello');
    expect(page.requests[0]!.headers).toEqual({
      host: `public.site:${page.port}`,
      connection: 'keep-alive',
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': 'Perch/1.0 (AI agent; acts for a person)',
    });
  });

  it('reaches an origin of the operator, in their network', async () => {
    const api = await site((request, response) => {
      request.on('data', () => undefined).on('end', () => response.writeHead(201).end('made'));
    });
    const client = new OutboundClient(LIMITS);
    opened.push({ close: () => client.onApplicationShutdown() });
    const answer = await client.request({
      url: `${api.origin}/things`,
      target: { kind: 'origin', origin: api.origin },
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: '{}',
      maxBytes: 2,
      timeoutMs: 2000,
      signal: never,
    });
    expect(answer).toMatchObject({ status: 201, truncated: true });
    const fetched = await client.fetchFor(api.origin)(new URL(`${api.origin}/things`), {
      method: 'POST',
      body: 'x',
    });
    expect(await fetched.text()).toBe('made');
    expect(api.requests).toHaveLength(2);
  });
});
