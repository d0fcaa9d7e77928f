import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { KeptLog } from '../../../../../test/support/a-logger.js';
import { aToolContext } from '../../../../../test/support/a-tool-context.js';
import { anHttpSite, type ASite } from '../../../../../test/support/tools/a-public-site.js';
import { bodyOf, SEARCH_WIRES, type WirePage } from '../../../../../test/support/tools/search-wires.js';
import { Secret } from '../../../../config/secret.js';
import type { JsonValue } from '../../../../shared/llm/json.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { type Tool, ToolError, ToolUnavailableError } from '../../tool.js';
import { createSearchEngine } from './create-search-engine.js';
import type { SearchResult } from './to-search-results.js';
import { webSearchTool } from './web-search.tool.js';

const KEY = 'tvly-canary-9f8e7d6c5b4a';
const TIMEOUT_MS = 10_000;
const SOON_MS = 300;

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

describe.each(SEARCH_WIRES)('web_search with $engine', (wire) => {
  let log: KeptLog;
  beforeEach(() => (log = new KeptLog()));

  async function aSearch(answer: Answer, timeoutMs = TIMEOUT_MS): Promise<{ tool: Tool; service: ASite }> {
    const service = await anHttpSite((request, response) => {
      void bodyOf(request).then((body) => answer(request, response, body));
    });
    opened.push(() => service.close());
    const outbound = new OutboundClient({ publicConcurrency: 1, originConcurrency: 4, ownHosts: [] });
    opened.push(() => outbound.onApplicationShutdown());
    const url = `${service.origin}${wire.path}`;
    const engine = createSearchEngine(
      { engine: wire.engine, url, apiKey: new Secret(KEY) },
      { timeoutMs },
      outbound,
    );
    return { tool: webSearchTool({ engine, web: { timeoutMs }, logger: log.logger }), service };
  }

  const finding =
    (pages: readonly WirePage[]): Answer =>
    (_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(wire.answer('q', pages)));
    };

  async function resultsOf(tool: Tool, input: JsonValue): Promise<SearchResult[]> {
    const parsed = tool.parseInput(input);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    const { results } = (await tool.execute(parsed.input, aToolContext())) as { results: SearchResult[] };
    return results;
  }

  const failureOf = async (tool: Tool, input: JsonValue = { query: 'perch' }): Promise<ToolError> => {
    const error: unknown = await resultsOf(tool, input).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ToolError);
    return error as ToolError;
  };

  it('asks as the service documents it, with the key where it belongs', async () => {
    let asked: unknown;
    let isAuthorized = false;
    const { tool, service } = await aSearch((request, response, body) => {
      isAuthorized = wire.isAuthorized(request, body, KEY);
      asked = wire.read(request, body);
      finding([])(request, response, body);
    });
    expect(await resultsOf(tool, { query: ' größte Stadt & "Fluss" ', count: 3 })).toEqual([]);
    expect(isAuthorized).toBe(true);
    expect(asked).toEqual({
      query: 'größte Stadt & "Fluss"',
      count: wire.engine === 'searxng' ? undefined : 3,
    });
    expect(service.requests[0]!.url!.split('?')[0]).toBe(wire.path);
  });

  it('says nothing of what it was asked: the model wrote that, and the result counts as others’ words', async () => {
    const { tool } = await aSearch(finding([]));
    const result = await tool.execute({ query: 'https://evil.test/x/4417' }, aToolContext());
    expect(JSON.stringify(result)).not.toContain('4417');
  });

  it('gives plain text of bounded length, and each page once', async () => {
    const { tool } = await aSearch(
      finding([
        {
          title: '<strong>Perch</strong> &amp; <b class="x">Pike</b>',
          url: 'https://a.example/fish?x=1#y',
          snippet: `A <strong>perch</strong>\n\u202e is a&nbsp;fish &#x1F41F; &lt;b&gt;. ${'long '.repeat(400)}`,
          published: '2026-11-02T00:00:00',
        },
        { title: 'again', url: 'https://a.example/fish?x=1#y', snippet: 'again' },
        { title: '', url: 'http://b.example/', snippet: null },
      ]),
    );
    const [first, second, ...more] = await resultsOf(tool, { query: 'perch' });
    expect(first).toMatchObject({
      title: 'Perch & Pike',
      url: 'https://a.example/fish?x=1#y',
      published: '2026-11-02T00:00:00',
    });
    expect(first!.snippet).toMatch(/^A perch is a fish 🐟 <b>\. long long .*…$/u);
    expect(first!.snippet).toHaveLength(500);
    expect(second).toEqual({ title: 'http://b.example/', url: 'http://b.example/', snippet: '' });
    expect(more).toEqual([]);
  });

  it('gives web addresses only, and no more than were wanted', async () => {
    const { tool } = await aSearch(
      finding([
        { title: 'script', url: 'javascript:alert(1)' },
        { title: 'file', url: 'file:///etc/passwd' },
        { title: 'data', url: 'data:text/html,<b>' },
        { title: 'user', url: 'https://user:pass@a.example/' },
        { title: 'none', url: '/relative' },
        { title: 'long', url: `https://a.example/${'x'.repeat(3000)}` },
        ...Array.from({ length: 30 }, (_, index) => ({ title: 'ok', url: `https://${index}.example/` })),
      ]),
    );
    expect((await resultsOf(tool, { query: 'perch', count: 2 })).map(({ url }) => url)).toEqual([
      'https://0.example/',
      'https://1.example/',
    ]);
    expect(await resultsOf(tool, { query: 'perch' })).toHaveLength(8);
  });

  it('leaves out entries that are not as documented', async () => {
    const { tool } = await aSearch((_, response) => {
      const answer = JSON.stringify(wire.answer('q', [{ title: 'ok', url: 'https://a.example/' }]));
      response.end(answer.replace('"results":[', '"results":[null,7,"x",{"url":1},{"title":"no address"},'));
    });
    expect(await resultsOf(tool, { query: 'perch' })).toMatchObject([{ url: 'https://a.example/' }]);
  });

  it.each([
    [401, 'tool_unavailable', 'not_permitted'],
    [403, 'tool_unavailable', 'not_permitted'],
    [429, 'rate_limited', 'rate_limited'],
    [432, 'tool_unavailable', 'not_permitted'],
    [422, 'query_refused', 'query_refused'],
    [500, 'tool_unavailable', 'unavailable'],
    [503, 'tool_unavailable', 'unavailable'],
    [302, 'tool_unavailable', 'unavailable'],
  ])('says %i as %s, without the key or the words of the service', async (status, code, reason) => {
    const { tool, service } = await aSearch((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(JSON.stringify(wire.refusal(status, KEY)));
    });
    const error = await failureOf(tool);
    expect(error.code).toBe(code);
    expect(error).toBeInstanceOf(code === 'tool_unavailable' ? ToolUnavailableError : ToolError);
    expect(log.entries).toEqual([
      { event: 'agent.tool.search_failed', engine: wire.engine, reason, detail: `HTTP ${status}` },
    ]);
    const told = JSON.stringify([error.message, error.cause, log.entries]);
    expect(told).not.toContain(KEY);
    expect(told).not.toMatch(/invalid|Forbidden/);
    expect(service.requests).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['no JSON', (_, response) => response.end('<html>maintenance</html>')],
    ['half of a JSON', (_, response) => response.end('{"results":[{"title":')],
    ['another JSON', (_, response) => response.end('[]')],
    ['a list where none is', (_, response) => response.end('{"results":{},"web":{"results":"x"}}')],
    ['nothing', (_, response) => response.end()],
    ['no end', (_, response) => void response.write('{"results":[')],
    ['silence', () => undefined],
    ['a hang-up', (request) => void request.socket.destroy()],
    [
      'more than anybody reads',
      (_, response) => {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync(' '.repeat(3_000_000) + '{"results":[]}'));
      },
    ],
  ])('takes %s for an outage', async (_, answer) => {
    const { tool } = await aSearch(answer, SOON_MS);
    expect(await failureOf(tool)).toBeInstanceOf(ToolUnavailableError);
    expect(log.entries).toMatchObject([{ reason: 'unavailable' }]);
  });

  it('stops when nobody waits any more, which is no outage', async () => {
    const stopped = new AbortController();
    const { tool, service } = await aSearch(() => stopped.abort());
    const error: unknown = await tool
      .execute({ query: 'perch' }, aToolContext({ signal: stopped.signal }))
      .catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(ToolUnavailableError);
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(log.entries).toEqual([]);
    expect(service.requests).toHaveLength(1);
  });
});

describe('web_search', () => {
  const tool = webSearchTool({
    engine: { name: 'none', search: async () => [] },
    web: { timeoutMs: 1 },
    logger: new KeptLog().logger,
  });

  it('sends data out, brings text of strangers in, and says what to do without it', () => {
    expect(tool).toMatchObject({ sideEffect: 'egress', returnsUntrusted: true, returnsPrivate: false });
    expect(tool.whenDown).toContain('does not work at the moment');
  });

  it.each<[string, JsonValue]>([
    ['an empty query', { query: '  ' }],
    ['a long query', { query: 'x'.repeat(401) }],
    ['many words', { query: 'a '.repeat(51) }],
    ['no result', { query: 'a', count: 0 }],
    ['too many results', { query: 'a', count: 21 }],
    ['another parameter', { query: 'a', url: 'http://169.254.169.254/' }],
  ])('refuses %s', (_, input) => {
    expect(tool.parseInput(input).ok).toBe(false);
  });
});
