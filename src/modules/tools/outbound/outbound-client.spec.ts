import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import {
  anHttpSite,
  anHttpsSite,
  anInternet,
  type ASite,
  aTcpSite,
} from '../../../../test/support/tools/a-public-site.js';
import { aPublicRequest, outcomeOf } from '../../../../test/support/tools/public-requests.js';
import { OutboundClient } from './outbound-client.js';

const LIMITS = { publicConcurrency: 4, originConcurrency: 4, ownHosts: [] };
const opened: ASite[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function keep(site: Promise<ASite>): Promise<ASite> {
  opened.push(await site);
  return opened.at(-1)!;
}
const site = (listener: RequestListener): Promise<ASite> => keep(anHttpSite(listener));
const hello = (_: IncomingMessage, response: ServerResponse): void => void response.end('hello');
const redirectTo =
  (location: string, status = 302) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, { location, 'set-cookie': 'session=secret' }).end('moved');

describe(`${OutboundClient.name}, public targets`, () => {
  it('fetches a page and says no more of itself than its product', async () => {
    const page = await site(hello);
    const client = new OutboundClient(LIMITS, anInternet([page]));
    const url = `http://public.site:${page.port}/a?b=1`;
    const answer = await client.request(aPublicRequest(`${url}#c`, { headers: { Accept: 'text/html' } }));
    expect(answer).toMatchObject({ status: 200, truncated: false, url });
    expect(Buffer.from(answer.body).toString()).toBe('hello');
    expect(page.requests[0]!.url).toBe('/a?b=1');
    expect(page.requests[0]!.headers).toEqual({
      accept: 'text/html',
      host: `public.site:${page.port}`,
      connection: 'close',
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': 'Perch/1.0 (AI agent; acts for a person)',
    });
  });

  it.each(['POST', 'PUT', 'DELETE', 'CONNECT', 'get'])('does not do %s', async (method) => {
    const page = await site(hello);
    const client = new OutboundClient(LIMITS, anInternet([page]));
    const request = client.request(aPublicRequest(`http://public.site:${page.port}/`, { method }));
    expect(await outcomeOf(request)).toBe('OutboundRefused: method_forbidden');
    expect(page.connections()).toBe(0);
  });

  it('sends no body', async () => {
    const client = new OutboundClient(LIMITS, anInternet([]));
    const request = client.request(aPublicRequest('http://public.site/', { body: 'secret' }));
    expect(await outcomeOf(request)).toBe('OutboundRefused: method_forbidden');
  });

  it.each<Record<string, string>>([
    { Host: '169.254.169.254' },
    { Authorization: 'Bearer secret' },
    { Cookie: 'a=b' },
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'Metadata-Flavor': 'Google' },
    { 'X-aws-ec2-metadata-token': 'x' },
    { 'User-Agent': 'somebody else' },
    { Accept: 'a\r\nMetadata-Flavor: Google' },
    { 'Accept\r\nX': 'a' },
  ])('refuses the header %j', async (headers) => {
    const client = new OutboundClient(LIMITS, anInternet([]));
    const request = client.request(aPublicRequest('http://public.site/', { headers }));
    expect(await outcomeOf(request)).toBe('OutboundRefused: header_forbidden');
  });

  it('asks for the name once and connects to what was checked, however the name answers later', async () => {
    const page = await site(hello);
    const internet = anInternet([page], {
      'rebind.site': [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.2']],
    });
    const client = new OutboundClient(LIMITS, internet);
    const request = () => client.request(aPublicRequest(`http://rebind.site:${page.port}/`));
    expect(await outcomeOf(request())).toBe(200);
    expect(internet.asked).toEqual(['rebind.site']);
    expect(await outcomeOf(request())).toBe('OutboundRefused: address_forbidden');
    expect(await outcomeOf(request())).toBe('OutboundRefused: address_forbidden');
    expect(page.connections()).toBe(1);
  });

  it.each([
    [['127.0.0.1', '10.0.0.1']],
    [['10.0.0.1', '127.0.0.1']],
    [['127.0.0.1', '::1']],
    [['127.0.0.1', '::ffff:10.0.0.1']],
    [['127.0.0.1', 'not an address']],
    [['fe80::1%lo']],
  ])('refuses a name with the addresses %j', async (addresses) => {
    const page = await site(hello);
    const client = new OutboundClient(LIMITS, anInternet([page], { 'mixed.site': [addresses] }));
    const request = client.request(aPublicRequest(`http://mixed.site:${page.port}/`));
    expect(await outcomeOf(request)).toBe('OutboundRefused: address_forbidden');
    expect(page.connections()).toBe(0);
  });

  it('does not keep a connection for the next request', async () => {
    const page = await site(hello);
    const internet = anInternet([page]);
    const client = new OutboundClient(LIMITS, internet);
    for (let time = 0; time < 3; time += 1) {
      await client.request(aPublicRequest(`http://public.site:${page.port}/`));
    }
    expect([page.connections(), internet.asked.length]).toEqual([3, 3]);
  });

  it('does not go where a proxy of the environment points', async () => {
    const proxy = await site(hello);
    const page = await site(hello);
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: proxy.origin,
      http_proxy: proxy.origin,
      ALL_PROXY: proxy.origin,
    });
    Object.assign(process.env, { NODE_USE_ENV_PROXY: '1', NO_PROXY: '' });
    try {
      const client = new OutboundClient(LIMITS, anInternet([page, proxy]));
      await client.request(aPublicRequest(`http://public.site:${page.port}/`));
    } finally {
      process.env = before;
    }
    expect([proxy.connections(), page.connections()]).toEqual([0, 1]);
  });

  it('does not call this installation by its public name', async () => {
    const page = await site(hello);
    const client = new OutboundClient({ ...LIMITS, ownHosts: ['Public.Site'] }, anInternet([page]));
    const request = client.request(aPublicRequest(`http://public.site:${page.port}/`));
    expect(await outcomeOf(request)).toBe('OutboundRefused: host_forbidden');
  });

  it('tells a name that does not exist, a closed port, and what is no HTTP apart', async () => {
    const garbage = await keep(aTcpSite((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')));
    const closed = await anHttpSite(hello);
    await closed.close();
    const client = new OutboundClient(LIMITS, anInternet([garbage, closed]));
    const fetched = (url: string) => outcomeOf(client.request(aPublicRequest(url)));
    expect(await fetched('http://nobody.site/')).toBe('OutboundFailed: dns');
    expect(await fetched(`http://public.site:${closed.port}/`)).toBe('OutboundFailed: connection');
    expect(await fetched(`http://public.site:${garbage.port}/`)).toBe('OutboundFailed: protocol');
  });

  it('names no address in what it throws', async () => {
    const closed = await anHttpSite(hello);
    await closed.close();
    const client = new OutboundClient(LIMITS, anInternet([closed]));
    const error: unknown = await client
      .request(aPublicRequest(`http://public.site:${closed.port}/secret`))
      .catch((thrown: unknown) => thrown);
    const told = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
    expect(told).toContain('ECONNREFUSED');
    expect(told).not.toMatch(/127\.0|secret|public\.site/);
  });
});

describe(`${OutboundClient.name}, redirects`, () => {
  it.each([301, 302, 303, 307, 308])('follows a %i, and keeps no cookie', async (status) => {
    const page = await site(hello);
    const first = await site(redirectTo(`http://other.site:${page.port}/there`, status));
    const internet = anInternet([first, page], {
      'public.site': [['127.0.0.1']],
      'other.site': [['127.0.0.1']],
    });
    const client = new OutboundClient(LIMITS, internet);
    const answer = await client.request(
      aPublicRequest(`http://public.site:${first.port}/`, { headers: { accept: 'text/html' } }),
    );
    expect(answer).toMatchObject({ status: 200, url: `http://other.site:${page.port}/there` });
    const { headers } = page.requests[0]!;
    expect(headers).toMatchObject({ host: `other.site:${page.port}`, accept: 'text/html' });
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('referer');
  });

  it('follows three and not four, nor a loop', async () => {
    const hops = await site((request, response) => {
      const left = Number(request.url!.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const loop = await site(redirectTo('/'));
    const client = new OutboundClient(LIMITS, anInternet([hops, loop]));
    const fetched = (url: string) => outcomeOf(client.request(aPublicRequest(url)));
    expect(await fetched(`http://public.site:${hops.port}/3`)).toBe(200);
    expect(await fetched(`http://public.site:${hops.port}/4`)).toBe('OutboundFailed: too_many_redirects');
    expect(await fetched(`http://public.site:${loop.port}/`)).toBe('OutboundFailed: too_many_redirects');
    expect(loop.requests).toHaveLength(4);
  });

  it.each([
    ['http://169.254.169.254/latest/meta-data/', 'address_forbidden'],
    ['http://2130706434/', 'address_forbidden'],
    ['http://[::1]/', 'address_forbidden'],
    ['http://internal.site/', 'address_forbidden'],
    ['//localhost/', 'host_forbidden'],
    ['http://redis/', 'host_forbidden'],
    ['http://public.site:6379/', 'port_forbidden'],
    ['file:///etc/passwd', 'scheme_forbidden'],
    ['http://a:b@public.site/', 'credentials_forbidden'],
    ['http:\\\\public.site', 'invalid_url'],
  ])('is not led to %s', async (location, reason) => {
    const first = await site(redirectTo(location));
    const internet = anInternet([first], {
      'public.site': [['127.0.0.1']],
      'internal.site': [['10.0.0.5']],
    });
    const request = new OutboundClient(LIMITS, internet).request(
      aPublicRequest(`http://public.site:${first.port}/`),
    );
    expect(await outcomeOf(request)).toBe(`OutboundRefused: ${reason}`);
  });

  it('checks the name again at every hop', async () => {
    const page: ASite = await site(redirectTo('/again'));
    const internet = anInternet([page], { 'rebind.site': [['127.0.0.1'], ['10.0.0.1']] });
    const request = new OutboundClient(LIMITS, internet).request(
      aPublicRequest(`http://rebind.site:${page.port}/`),
    );
    expect(await outcomeOf(request)).toBe('OutboundRefused: address_forbidden');
    expect(page.requests).toHaveLength(1);
  });

  it('hands back a redirect that leads nowhere', async () => {
    const page = await site((_, response) => response.writeHead(302).end('nowhere'));
    const client = new OutboundClient(LIMITS, anInternet([page]));
    expect(await outcomeOf(client.request(aPublicRequest(`http://public.site:${page.port}/`)))).toBe(302);
  });
});

describe(`${OutboundClient.name}, https`, () => {
  const cert = readFileSync('test/data/tls/public-site.cert.pem', 'utf8');
  const key = readFileSync('test/data/tls/public-site.key.pem', 'utf8');
  const names = { 'public.site': [['127.0.0.1']], 'wrong.site': [['127.0.0.1']] };

  it('checks the certificate for the name, not for the address', async () => {
    const page = await keep(anHttpsSite({ cert, key }, hello));
    const client = new OutboundClient(LIMITS, { ...anInternet([page], names), ca: cert });
    const fetched = (host: string) =>
      outcomeOf(client.request(aPublicRequest(`https://${host}:${page.port}/`)));
    expect(await fetched('public.site')).toBe(200);
    expect(await fetched('wrong.site')).toBe('OutboundFailed: tls');
  });

  it('does not trust who signs for themselves', async () => {
    const page = await keep(anHttpsSite({ cert, key }, hello));
    const client = new OutboundClient(LIMITS, anInternet([page], names));
    const request = client.request(aPublicRequest(`https://public.site:${page.port}/`));
    expect(await outcomeOf(request)).toBe('OutboundFailed: tls');
  });

  it('lets no variable of the environment say otherwise', async () => {
    const page = await keep(anHttpsSite({ cert, key }, hello));
    const client = new OutboundClient(LIMITS, anInternet([page], names));
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const request = client.request(aPublicRequest(`https://public.site:${page.port}/`));
      expect(await outcomeOf(request)).toBe('OutboundFailed: tls');
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('is not led from https to http', async () => {
    const plain = await site(hello);
    const page = await keep(anHttpsSite({ cert, key }, redirectTo(`http://public.site:${plain.port}/`)));
    const client = new OutboundClient(LIMITS, { ...anInternet([page, plain], names), ca: cert });
    const request = client.request(aPublicRequest(`https://public.site:${page.port}/`));
    expect(await outcomeOf(request)).toBe('OutboundRefused: downgrade_forbidden');
    expect(plain.connections()).toBe(0);
  });
});
