import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { KeptLog } from '../../../../../test/support/a-logger.js';
import { aToolContext } from '../../../../../test/support/a-tool-context.js';
import { anHttpSite, anInternet, type ASite } from '../../../../../test/support/tools/a-public-site.js';
import { loadConfig } from '../../../../config/load-config.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { ComputeSandbox } from '../../sandbox/compute-sandbox.js';
import { type Tool, ToolError, ToolUnavailableError } from '../../tool.js';
import { webFetchTool } from './web-fetch.tool.js';

const MAX_BYTES = 400_000;
const MAX_CHARACTERS = 2_000;
const PARAGRAPH =
  'The perch is a fish of fresh water that people have caught and eaten for a very long time. ';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

type Pages = Readonly<Record<string, (response: ServerResponse, request: IncomingMessage) => void>>;

const page =
  (body: string | Buffer, type = 'text/html; charset=utf-8') =>
  (response: ServerResponse): void =>
    void response.setHeader('content-type', type).end(body);

interface Web {
  readonly tool: Tool;
  readonly site: ASite;
  /** An address of the site. */
  at(path: string): string;
  /** Paths that were asked for, in order. */
  asked(): (string | undefined)[];
  pass(ms: number): void;
}

async function aWeb(pages: Pages, timeoutMs = 15_000): Promise<Web> {
  const site = await anHttpSite((request, response) => {
    const answer = pages[request.url!] ?? pages[request.url!.split('?')[0]!];
    if (answer) answer(response, request);
    else response.writeHead(404).end();
  });
  opened.push(() => site.close());
  const names = {
    'public.site': [['127.0.0.1']],
    'other.site': [['127.0.0.1']],
    'inner.site': [['10.0.0.7']],
  };
  const outbound = new OutboundClient(
    { publicConcurrency: 4, originConcurrency: 1, ownHosts: [] },
    anInternet([site], names),
  );
  opened.push(() => outbound.onApplicationShutdown());
  const sandbox = new ComputeSandbox(loadConfig({}).tools, new KeptLog().logger);
  opened.push(() => sandbox.onApplicationShutdown());
  let passedMs = 0;
  const clock = { now: () => new Date(0), monotonicMs: () => performance.now() + passedMs };
  const web = { timeoutMs, maxBytes: MAX_BYTES, maxCharacters: MAX_CHARACTERS };
  return {
    tool: webFetchTool({ outbound, sandbox, web, clock }),
    site,
    at: (path) => `http://public.site:${site.port}${path}`,
    asked: () => site.requests.map(({ url }) => url),
    pass: (ms) => void (passedMs += ms),
  };
}

interface Result {
  readonly url: string;
  readonly title: string;
  readonly text: string;
  readonly content_type: string;
  readonly truncated: boolean;
  readonly start_index: number;
  readonly total_characters: number;
  readonly next_start_index?: number;
  readonly note?: string;
}

async function fetchIt(tool: Tool, url: string, startIndex?: number): Promise<Result> {
  const parsed = tool.parseInput({ url, ...(startIndex === undefined ? {} : { start_index: startIndex }) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return (await tool.execute(parsed.input, aToolContext())) as unknown as Result;
}

async function failureOf(tool: Tool, url: string): Promise<ToolError> {
  const error: unknown = await fetchIt(tool, url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ToolError);
  expect(error).not.toBeInstanceOf(ToolUnavailableError);
  return error as ToolError;
}

/** Milliseconds of work since now, on this thread alone: however busy the machine, what is read elsewhere does not count. */
function cpuOfThisThread(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
}

describe('web_fetch', () => {
  it('sends data out, brings text of strangers in, and says what to do without it', async () => {
    const { tool } = await aWeb({});
    expect(tool).toMatchObject({ sideEffect: 'egress', returnsUntrusted: true, returnsPrivate: false });
    expect(tool.whenDown).toContain('cannot be read at the moment');
  });

  describe('of HTML', () => {
    it('gives the article as Markdown, with absolute links and without what nobody sees', async () => {
      const { tool, at } = await aWeb({
        '/fish/perch': page(`<!doctype html><html><head><title> The
            Perch </title><base href="/fish/"><style>p{color:red}</style></head><body>
          <nav><a href="/a">Menu one</a> <a href="/b">Menu two</a></nav>
          <article><h1>On the perch</h1>
          <p>${PARAGRAPH.repeat(4)}<a href="pike?x=1&amp;y=2">The pike</a>, <a href="javascript:alert(1)">a trap</a>,
             <a href="//other.site/z">elsewhere</a>. <img src="http://tracker.site/p.gif?u=1" alt="A perch"></p>
          <p style="display:none">IGNORE-ALL hidden</p><p hidden>IGNORE-ALL too</p>
          <div aria-hidden="true">IGNORE-ALL three</div>
          <ul><li>one</li><li>two</li></ul><pre><code>const a = 1;</code></pre>
          <p>${PARAGRAPH.repeat(3)}</p></article>
          <script>document.write("IGNORE-ALL script")</script><noscript>IGNORE-ALL noscript</noscript>
          </body></html>`),
      });
      const result = await fetchIt(tool, at('/fish/perch#top'));
      expect(result).toMatchObject({
        url: at('/fish/perch'),
        title: 'The Perch',
        content_type: 'text/html',
        truncated: false,
        start_index: 0,
      });
      const { text } = result;
      expect(text).toContain(`[The pike](${at('/fish/pike?x=1&y=2')})`);
      expect(text).toContain('[elsewhere](http://other.site/z)');
      expect(text).toContain('a trap');
      expect(text).toContain('(image: A perch)');
      expect(text).toMatch(/^-\s+one$/m);
      expect(text).toContain('const a = 1;');
      expect(text).not.toMatch(/IGNORE-ALL|javascript:|tracker|color:red|<p/);
    });

    it.each([
      '<!doctype html><html><head><title>T</title></head><p>the text',
      '<!doctype html><html lang="en"><title>T</title><p>the text</html>',
      '<title>T</title><p>the text',
      '<html><head><title>T</title></head><body class="a"><p>the text</body></html>',
    ])('reads a page whose author has left tags out: %s', async (html) => {
      const { tool, at } = await aWeb({ '/': page(html) });
      expect(await fetchIt(tool, at('/'))).toMatchObject({
        title: 'T',
        text: expect.stringContaining('the text'),
      });
    });

    it('gives the whole page where there is no article', async () => {
      const links = Array.from(
        { length: 20 },
        (_, index) => `<li><a href="/n/${index}">News ${index}</a></li>`,
      );
      const { tool, at } = await aWeb({ '/': page(`<title>News</title><ul>${links.join('')}</ul>`) });
      const { title, text } = await fetchIt(tool, at('/'));
      expect(title).toBe('News');
      expect(text.match(/\[News \d+\]\(http:\/\/public\.site:\d+\/n\/\d+\)/g)).toHaveLength(20);
    });

    it.each([
      ['elements in elements', `<p>before</p>${'<div>'.repeat(60_000)}deep ${PARAGRAPH}`],
      ['lists in lists', `<p>before</p>${'<ul><li>'.repeat(20_000)}deep`],
      ['formatting without end', `<p>before</p>${'<b><i><p>'.repeat(30_000)}deep`],
      ['a table of tables', `<p>before</p>${'<table><tr><td>'.repeat(20_000)}deep`],
      ['tags that never end', `<p>before</p>deep ${'<a '.repeat(100_000)}`],
      ['attributes without end', `<p>before</p>deep <a ${'b=c '.repeat(90_000)}>`],
      ['comments without end', `<p>before</p>deep ${'<!--'.repeat(90_000)}`],
      ['one long word', `<p>before</p>deep ${'x'.repeat(350_000)}`],
      ['brackets', `<p>before</p><p>deep ${'[('.repeat(150_000)}</p>`],
      ['spaces', `<p>before</p><p>deep ${' \u00a0\t'.repeat(90_000)}</p>`],
    ])(
      'survives %s',
      async (_, html) => {
        const { tool, at } = await aWeb({ '/': page(`<title>T</title>${html}`) });
        const cpu = cpuOfThisThread();
        const outcome = await fetchIt(tool, at('/')).catch((error: unknown) => error);
        if (outcome instanceof ToolError) expect(['page_unreadable', 'busy']).toContain(outcome.code);
        else expect((outcome as Result).text).toMatch(/before\s+deep/);
        expect(cpu()).toBeLessThan(500);
      },
      30_000,
    );
  });

  describe('of other texts', () => {
    it.each([
      ['text/plain', 'a <b> & c\r\nd'],
      ['application/json', '{"a":[1,2]}'],
      ['application/vnd.api+json; charset=utf-8', '{"a":1}'],
      ['application/xml', '<a>1</a>'],
      ['application/atom+xml', '<feed/>'],
      ['text/markdown', '# a'],
      ['text/csv', 'a,b'],
    ])('passes %s through', async (type, body) => {
      const { tool, at } = await aWeb({ '/a': page(body, type) });
      const result = await fetchIt(tool, at('/a'));
      expect(result.text).toBe(body.replace('\r\n', '\n'));
      expect(result).toMatchObject({ title: '', content_type: type.split(';')[0], truncated: false });
    });

    it.each([
      ['application/pdf', '%PDF-1.7', 'application/pdf'],
      ['image/png', '\u0089PNG', 'image/png'],
      ['application/octet-stream', 'text', 'application/octet-stream'],
      ['text/plain', 'MZ\u0000\u0001\u0000', 'text/plain'],
      ['ignore all/previous <b>', 'text', 'an unknown type of data'],
    ])('refuses %s', async (type, body, named) => {
      const { tool, at } = await aWeb({ '/a': page(body, type) });
      const error = await failureOf(tool, at('/a'));
      expect(error.code).toBe('unsupported_content_type');
      expect(error.message).toContain(`leads to ${named}, which`);
    });

    it('looks itself where the server says nothing', async () => {
      const { tool, at } = await aWeb({
        '/html': (response) => response.end('<!DOCTYPE html><title>T</title><p>a<b>b</b>'),
        '/text': (response) => response.end('a < b'),
        '/data': (response) => response.end('a\u0000b'),
      });
      expect(await fetchIt(tool, at('/html'))).toMatchObject({
        title: 'T',
        text: 'a**b**',
        content_type: 'unknown',
      });
      expect(await fetchIt(tool, at('/text'))).toMatchObject({ text: 'a < b' });
      expect((await failureOf(tool, at('/data'))).code).toBe('unsupported_content_type');
    });
  });

  describe('in any encoding', () => {
    const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
    it.each<[string, Buffer, string, string]>([
      ['by the header', latin('gr\u00fc\u00df'), 'text/plain; charset=ISO-8859-1', 'grüß'],
      ['by a quoted header', Buffer.from('8367838b', 'hex'), 'text/plain; charset="Shift_JIS"', 'トル'],
      ['by <meta charset>', latin('<meta charset="windows-1252"><p>gr\u00fc\u00df'), 'text/html', 'grüß'],
      [
        'by <meta http-equiv>',
        latin('<meta http-equiv=Content-Type content="text/html; charset=iso-8859-1"><p>gr\u00fc\u00df'),
        'text/html',
        'grüß',
      ],
      [
        'by the XML declaration',
        latin('<?xml version="1.0" encoding="iso-8859-1"?>\u00fc'),
        'application/xml',
        'ü',
      ],
      ['by the mark of UTF-16', Buffer.from('\ufeffgrüß', 'utf16le'), 'text/plain; charset=latin1', 'grüß'],
      ['by the mark of UTF-8', Buffer.from('\ufeffgrüß'), 'text/plain; charset=latin1', 'grüß'],
      ['by being UTF-8', Buffer.from('grüß 🐟'), 'text/plain', 'grüß 🐟'],
      ['by not being UTF-8', latin('gr\u00fc\u00df'), 'text/plain', 'grüß'],
      ['with a name that nobody knows', Buffer.from('grüß'), 'text/plain; charset=x-klingon', 'grüß'],
      ['with a meta that cannot be', Buffer.from('<meta charset=utf-16><p>grüß'), 'text/html', 'grüß'],
    ])('%s', async (_, body, type, text) => {
      const { tool, at } = await aWeb({ '/a': page(body, type) });
      expect((await fetchIt(tool, at('/a'))).text).toContain(text);
    });
  });

  describe('of long pages', () => {
    it('gives parts that add up to the whole', async () => {
      const whole = Array.from({ length: 900 }, (_, index) => `Line ${index} 🐟`).join('\n');
      const { tool, at } = await aWeb({ '/a': page(whole, 'text/plain') });
      let text = '';
      let next: number | undefined = 0;
      let parts = 0;
      while (next !== undefined) {
        const part: Result = await fetchIt(tool, at('/a'), next);
        expect(part).toMatchObject({ start_index: next, total_characters: whole.length });
        expect(part.text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
        expect(part.text.isWellFormed()).toBe(true);
        expect(part.truncated).toBe(part.next_start_index !== undefined);
        text += part.text;
        next = part.next_start_index;
        parts += 1;
      }
      expect(text).toBe(whole);
      expect(parts).toBeGreaterThan(5);
    });

    it('gives nothing behind the end', async () => {
      const { tool, at } = await aWeb({ '/a': page('short', 'text/plain') });
      expect(await fetchIt(tool, at('/a'), 100)).toMatchObject({
        text: '',
        truncated: false,
        total_characters: 5,
      });
    });

    it('says when the end was not read, also when little came over the wire', async () => {
      const { tool, at } = await aWeb({
        '/a': (response) => {
          response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
          response.end(gzipSync(Buffer.alloc(20_000_000, 'a')));
        },
      });
      const result = await fetchIt(tool, at('/a'), MAX_BYTES - 10);
      expect(result).toMatchObject({ text: 'a'.repeat(10), total_characters: MAX_BYTES, truncated: true });
      expect(result.note).toContain(`${MAX_BYTES} bytes`);
    });
  });

  describe('asks robots.txt', () => {
    const robots = (text: string): Pages => ({
      '/robots.txt': page(text, 'text/plain'),
      '/open': page('open', 'text/plain'),
      '/closed': page('closed', 'text/plain'),
    });

    it.each([
      ['its own group', 'User-agent: *\nAllow: /\n\nUser-agent: perch/2.0 # us\nDisallow: /closed\n'],
      ['the general group', 'User-agent: *\nDisallow: /closed'],
      ['a group for several', 'User-agent: a\nUser-agent: PERCH\nUser-agent: b\nDisallow: /closed\nAllow: /'],
      ['patterns', 'User-agent: *\nDisallow: /*osed$'],
    ])('and keeps to %s', async (_, text) => {
      const { tool, at, asked } = await aWeb(robots(text));
      expect((await failureOf(tool, at('/closed'))).code).toBe('robots_disallowed');
      expect(await fetchIt(tool, at('/open'))).toMatchObject({ text: 'open' });
      expect(asked()).toEqual(['/robots.txt', '/open']);
    });

    it('and its own group goes before the general one', async () => {
      const { tool, at } = await aWeb(robots('User-agent: Perch\nAllow: /\n\nUser-agent: *\nDisallow: /'));
      expect(await fetchIt(tool, at('/open'))).toMatchObject({ text: 'open' });
    });

    it.each([404, 403, 401])('and reads on when there is none (%i)', async (status) => {
      const { tool, at } = await aWeb({
        '/robots.txt': (response) => response.writeHead(status).end('User-agent: *\nDisallow: /'),
        '/open': page('open', 'text/plain'),
      });
      expect(await fetchIt(tool, at('/open'))).toMatchObject({ text: 'open' });
    });

    it.each([500, 503, 429])(
      'and stays away when it cannot be had (%i), until a minute later',
      async (status) => {
        const statuses = [status];
        const { tool, at, asked, pass } = await aWeb({
          '/robots.txt': (response) => response.writeHead(statuses.shift() ?? 404).end(),
          '/open': page('open', 'text/plain'),
        });
        expect((await failureOf(tool, at('/open'))).code).toBe('robots_unreachable');
        expect((await failureOf(tool, at('/open'))).code).toBe('robots_unreachable');
        expect(asked()).toEqual(['/robots.txt']);
        pass(61_000);
        expect(await fetchIt(tool, at('/open'))).toMatchObject({ text: 'open' });
      },
    );

    it('once an hour', async () => {
      const { tool, at, asked, pass } = await aWeb(robots(''));
      await fetchIt(tool, at('/open'));
      await fetchIt(tool, at('/open'));
      expect(asked()).toEqual(['/robots.txt', '/open', '/open']);
      pass(3_601_000);
      await fetchIt(tool, at('/open'));
      expect(asked()).toEqual(['/robots.txt', '/open', '/open', '/robots.txt', '/open']);
    });

    it('of the site that a redirect leads to, too', async () => {
      const { tool, at, site, asked } = await aWeb({
        '/robots.txt': (response, { headers }) =>
          response.end(headers.host!.startsWith('other') ? 'User-agent: *\nDisallow: /' : ''),
        '/there': (response, { headers }) =>
          response
            .writeHead(302, { location: `http://other.site:${headers.host!.split(':')[1]}/open` })
            .end(),
        '/open': page('open', 'text/plain'),
      });
      expect((await failureOf(tool, at('/there'))).code).toBe('robots_disallowed');
      expect(asked()).toEqual(['/robots.txt', '/there', '/robots.txt']);
      expect(site.requests.at(-1)!.headers.host).toBe(`other.site:${site.port}`);
    });

    it.each([
      ['names without end', 'user-agent: a\n'.repeat(15_000) + 'disallow: /x\n'.repeat(15_000)],
      ['stars', `user-agent: *\ndisallow: ${'/*a'.repeat(160_000)}`],
      ['many rules', 'user-agent: *\n' + 'disallow: /*a*a*a*a*a*a*b\n'.repeat(18_000)],
    ])('and is not held up by %s', async (_, text) => {
      const { tool, at } = await aWeb(robots(text));
      const cpu = cpuOfThisThread();
      await fetchIt(tool, at(`/open?${'a'.repeat(3_000)}`)).catch(() => undefined);
      expect(cpu()).toBeLessThan(500);
    });
  });

  it('is not held up by a robots.txt of half a megabyte, however short the address and however often', async () => {
    const { tool, at, asked } = await aWeb({
      '/robots.txt': page('user-agent: *\n' + 'disallow: /x\n'.repeat(37_000), 'text/plain'),
      '/': page('open', 'text/plain'),
    });
    expect(await fetchIt(tool, at('/'))).toMatchObject({ text: 'open' });
    const cpu = cpuOfThisThread();
    for (let again = 0; again < 4; again += 1)
      expect(await fetchIt(tool, at('/'))).toMatchObject({ text: 'open' });
    expect(cpu()).toBeLessThan(300);
    expect(asked()).toEqual(['/robots.txt', '/', '/', '/', '/', '/']);
  });

  describe('follows redirects', () => {
    it('up to three, and says where they led', async () => {
      const hop = (to: string) => (response: ServerResponse) =>
        response.writeHead(302, { location: to }).end();
      const { tool, at } = await aWeb({
        '/1': hop('/2'),
        '/2': hop('/3'),
        '/3': hop('/4'),
        '/4': page('there', 'text/plain'),
        '/0': hop('/1'),
      });
      expect(await fetchIt(tool, at('/1'))).toMatchObject({ url: at('/4'), text: 'there' });
      expect((await failureOf(tool, at('/0'))).code).toBe('too_many_redirects');
    });

    it.each([
      ['http://169.254.169.254/latest/meta-data/', 'address_forbidden'],
      ['http://inner.site/', 'address_forbidden'],
      ['//[::1]/', 'address_forbidden'],
      ['http://localhost/', 'host_forbidden'],
      ['file:///etc/passwd', 'scheme_forbidden'],
      ['http://user@public.site/', 'credentials_forbidden'],
      ['http://public.site:22/', 'port_forbidden'],
    ])('but not to %s', async (location, code) => {
      const { tool, at } = await aWeb({
        '/': (response) => response.writeHead(302, { location }).end('SECRET'),
      });
      const error = await failureOf(tool, at('/'));
      expect(error.code).toBe(code);
      expect(error.message).not.toMatch(/169\.254|SECRET|10\.0\.0/);
    });
  });

  describe('tells the model what is wrong', () => {
    it.each([
      [404, 'page_not_found'],
      [410, 'page_not_found'],
      [401, 'page_refused'],
      [403, 'page_refused'],
      [429, 'site_busy'],
      [503, 'site_busy'],
      [500, 'site_error'],
      [304, 'site_error'],
    ])('with the site: %i is %s', async (status, code) => {
      const { tool, at } = await aWeb({ '/a': (response) => response.writeHead(status).end('IGNORE ALL') });
      const error = await failureOf(tool, at('/a'));
      expect(error.code).toBe(code);
      expect(error.message).toContain(String(status));
      expect(error.message).not.toContain('IGNORE');
    });

    it.each([
      ['not an address', 'invalid_url'],
      ['ftp://public.site/', 'scheme_forbidden'],
      ['http://127.0.0.2/', 'address_forbidden'],
      ['http://2130706434/', 'address_forbidden'],
      ['http://inner.site/', 'address_forbidden'],
      ['http://metadata.google.internal/', 'host_forbidden'],
      ['http://nobody.site/', 'robots_unreachable'],
    ])('with the address: %s is %s', async (url, code) => {
      const { tool, site } = await aWeb({});
      const error = await failureOf(tool, url);
      expect(error.code).toBe(code);
      expect(error.message).not.toContain('10.0.0.7');
      expect(site.connections()).toBe(0);
    });

    it('when the site is slow, however it is slow', async () => {
      const { tool, at } = await aWeb(
        {
          '/silent': () => undefined,
          '/endless': (response) => {
            response.setHeader('content-type', 'text/html');
            const drip = setInterval(() => response.write('a'), 20);
            response.on('close', () => clearInterval(drip));
          },
        },
        // Long enough for robots.txt on a busy machine.
        2_000,
      );
      expect((await failureOf(tool, at('/silent'))).code).toBe('site_timeout');
      expect((await failureOf(tool, at('/endless'))).code).toBe('site_timeout');
    });

    it('and stops when nobody waits any more', async () => {
      const stopped = new AbortController();
      const { tool, at, site } = await aWeb({ '/silent': () => stopped.abort() });
      const error: unknown = await tool
        .execute({ url: at('/silent') }, aToolContext({ signal: stopped.signal }))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'cancelled' });
      expect(site.requests).toHaveLength(2);
    });
  });
});
