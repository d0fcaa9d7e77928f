import type { RequestListener } from 'node:http';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import {
  anHttpSite,
  anInternet,
  type ASite,
  aTcpSite,
} from '../../../../test/support/tools/a-public-site.js';
import { aPublicRequest, outcomeOf } from '../../../../test/support/tools/public-requests.js';
import { until } from '../../../../test/support/until.js';
import { OutboundClient } from './outbound-client.js';
import { OutboundFailed } from './outbound-errors.js';

const LIMITS = { publicConcurrency: 2, originConcurrency: 2, ownHosts: [] };
const opened: ASite[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function keep(site: Promise<ASite>): Promise<ASite> {
  opened.push(await site);
  return opened.at(-1)!;
}
const site = (listener: RequestListener): Promise<ASite> => keep(anHttpSite(listener));
const clientOf = (...sites: ASite[]): OutboundClient => new OutboundClient(LIMITS, anInternet(sites));
const urlOf = ({ port }: ASite): string => `http://public.site:${port}/`;

const TEXT = 'All that is gold does not glitter. '.repeat(1000);
const ZEROS = Buffer.alloc(100_000_000);
/** 100 MB each; a thousandth of that and less on the wire. */
const BOMBS: Readonly<Record<string, () => Buffer>> = {
  gzip: () => gzipSync(ZEROS),
  deflate: () => deflateSync(ZEROS),
  br: () => brotliCompressSync(ZEROS, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  'gzip, gzip': () => gzipSync(gzipSync(ZEROS)),
};

describe(`${OutboundClient.name}, bodies`, () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['identity', Buffer.from(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
  ])('reads %s', async (encoding, body) => {
    const page = await site((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    const answer = await clientOf(page).request(aPublicRequest(urlOf(page)));
    expect(answer.truncated).toBe(false);
    expect(Buffer.from(answer.body).toString()).toBe(TEXT);
  });

  it.each([
    ['gzip', Buffer.from('this is not gzip')],
    ['br', Buffer.from('this is not brotli, by no means')],
    ['zstd', Buffer.from('x')],
    ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(TEXT)))],
  ])('fails on %s that it cannot read', async (encoding, body) => {
    const page = await site((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    expect(await outcomeOf(clientOf(page).request(aPublicRequest(urlOf(page))))).toBe(
      'OutboundFailed: protocol',
    );
  });

  it.each(Object.keys(BOMBS))('stops a bomb of %s while it streams', async (encoding) => {
    const bomb = BOMBS[encoding]!();
    const page = await site((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb),
    );
    const before = process.memoryUsage().rss;
    const started = performance.now();
    const answer = await clientOf(page).request(aPublicRequest(urlOf(page)));
    expect([answer.truncated, answer.body.length]).toEqual([true, 100_000]);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
    await until(() => page.open() === 0);
  });

  it('cuts a body that never ends, and closes its connection', async () => {
    const chunk = Buffer.alloc(10_000, 'x');
    const page = await site((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const answer = await clientOf(page).request(aPublicRequest(urlOf(page)));
    expect([answer.truncated, answer.body.length]).toEqual([true, 100_000]);
    await until(() => page.open() === 0);
  });

  it('cuts an archive of nothing that never ends', async () => {
    const empty = Buffer.concat(Array.from({ length: 1_000 }, () => gzipSync('')));
    const page = await site((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const more = (): void => {
        while (!response.destroyed && response.write(empty));
      };
      response.on('drain', more);
      more();
    });
    const answer = await clientOf(page).request(aPublicRequest(urlOf(page)));
    expect([answer.truncated, answer.body.length]).toEqual([true, 0]);
    await until(() => page.open() === 0);
  });

  it('says whether a body was cut, to the byte', async () => {
    const page = await site((_, response) => response.end('12345'));
    const client = clientOf(page);
    const read = async (maxBytes: number) => {
      const { body, truncated } = await client.request(aPublicRequest(urlOf(page), { maxBytes }));
      return [Buffer.from(body).toString(), truncated];
    };
    expect(await read(5)).toEqual(['12345', false]);
    expect(await read(4)).toEqual(['1234', true]);
  });

  it('reads nothing after HEAD, whatever the headers promise', async () => {
    const page = await site((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 100 }).end(),
    );
    const answer = await clientOf(page).request(aPublicRequest(urlOf(page), { method: 'HEAD' }));
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
  });

  it('fails when a body ends before its length', async () => {
    const page = await keep(
      aTcpSite((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort')),
    );
    expect(await outcomeOf(clientOf(page).request(aPublicRequest(urlOf(page))))).toMatch(/^OutboundFailed: /);
  });
});

describe(`${OutboundClient.name}, headers`, () => {
  it.each([
    ['one that is long', `x: ${'a'.repeat(100_000)}\r\n`],
    ['many', 'x: a\r\n'.repeat(20_000)],
  ])('gives up on %s', async (_, headers) => {
    const page = await keep(aTcpSite((socket) => socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n`)));
    expect(await outcomeOf(clientOf(page).request(aPublicRequest(urlOf(page))))).toBe(
      'OutboundFailed: too_large',
    );
    await until(() => page.open() === 0);
  });

  it('gives up on a side that repeats that it goes on', async () => {
    const again = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    const patient = await keep(
      aTcpSite((socket) => socket.end(`${again.repeat(3)}HTTP/1.1 200 OK\r\n\r\nok`)),
    );
    expect(await outcomeOf(clientOf(patient).request(aPublicRequest(urlOf(patient))))).toBe(200);
    const flood = await keep(aTcpSite((socket) => void socket.write(again.repeat(10_000))));
    expect(await outcomeOf(clientOf(flood).request(aPublicRequest(urlOf(flood))))).toBe(
      'OutboundFailed: protocol',
    );
    await until(() => flood.open() === 0);
  });
});

describe(`${OutboundClient.name}, time`, () => {
  const drip = (first: string, again: string) =>
    aTcpSite((socket) => {
      socket.write(first);
      const timer = setInterval(() => socket.write(again), 5);
      socket.on('close', () => clearInterval(timer));
    });

  it.each([
    ['says nothing', () => aTcpSite(() => undefined), 'http'],
    ['never ends its handshake', () => aTcpSite(() => undefined), 'https'],
    ['drips its headers', () => drip('HTTP/1.1 200 OK\r\n', 'x: y\r\n'), 'http'],
    [
      'drips its body',
      () =>
        anHttpSite((_, response) => {
          const timer = setInterval(() => response.write('x'), 5);
          response.on('close', () => clearInterval(timer));
        }),
      'http',
    ],
    [
      'drips a chain of redirects',
      () =>
        anHttpSite(
          (_, response) => void setTimeout(() => response.writeHead(302, { location: '/' }).end(), 120),
        ),
      'http',
    ],
  ])('ends at its deadline when the other side %s', async (_, make, scheme) => {
    const page = await keep(make());
    const started = performance.now();
    const request = aPublicRequest(`${scheme}://public.site:${page.port}/`, { timeoutMs: 300 });
    expect(await outcomeOf(clientOf(page).request(request))).toBe('OutboundFailed: timeout');
    expect(performance.now() - started).toBeLessThan(2_000);
    await until(() => page.open() === 0);
  });

  it('ends at its deadline when the name is never answered', async () => {
    const internet = { ...anInternet([]), resolve: () => new Promise<never>(() => undefined) };
    const request = aPublicRequest('http://public.site/', { timeoutMs: 100 });
    expect(await outcomeOf(new OutboundClient(LIMITS, internet).request(request))).toBe(
      'OutboundFailed: timeout',
    );
  });

  it('ends when its caller does, and closes the connection', async () => {
    const page = await site(() => undefined);
    const caller = new AbortController();
    const request = clientOf(page).request(aPublicRequest(urlOf(page), { signal: caller.signal }));
    await until(() => page.requests.length === 1);
    caller.abort();
    expect(await outcomeOf(request)).toBe('OutboundFailed: cancelled');
    await until(() => page.open() === 0);
    expect(
      await outcomeOf(clientOf(page).request(aPublicRequest(urlOf(page), { signal: caller.signal }))),
    ).toBe('OutboundFailed: cancelled');
    expect(page.requests).toHaveLength(1);
  });
});

describe(`${OutboundClient.name}, how many at once`, () => {
  it('lets so many in, keeps a bounded line, and refuses the rest', async () => {
    const free: (() => void)[] = [];
    const page = await site((_, response) => void free.push(() => response.end('done')));
    const client = clientOf(page);
    const started = Array.from({ length: 2 + 32 }, () => client.request(aPublicRequest(urlOf(page))));
    await until(() => page.requests.length === 2);
    await expect(client.request(aPublicRequest(urlOf(page)))).rejects.toEqual(new OutboundFailed('busy'));
    expect(page.open()).toBe(2);
    for (let done = 0; done < started.length; done += 1) {
      await until(() => free.length > 0);
      free.shift()!();
    }
    expect(await Promise.all(started.map(outcomeOf))).toEqual(started.map(() => 200));
  });

  it('counts the wait for a place in the deadline', async () => {
    const page = await site(() => undefined);
    const client = clientOf(page);
    const caller = new AbortController();
    const blocking = [1, 2].map(() => client.request(aPublicRequest(urlOf(page), { signal: caller.signal })));
    await until(() => page.requests.length === 2);
    const waiting = client.request(aPublicRequest(urlOf(page), { timeoutMs: 50 }));
    expect(await outcomeOf(waiting)).toBe('OutboundFailed: timeout');
    caller.abort();
    await Promise.all(blocking.map(outcomeOf));
    expect(page.requests).toHaveLength(2);
  });
});
