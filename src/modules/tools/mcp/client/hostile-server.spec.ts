import {
  answer,
  type HostileServer,
  type Misbehaviour,
  startHostileServer,
} from '../../../../../test/support/mcp/hostile-mcp-server.js';
import { until } from '../../../../../test/support/until.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { HttpTransport } from './http-transport.js';
import { McpClient } from './mcp-client.js';

const never = new AbortController().signal;
const EVENTS = { 'content-type': 'text/event-stream' };

describe('a hostile server', () => {
  let server: HostileServer;
  let client: McpClient | undefined;
  let troubles: number;
  let outbound: OutboundClient;

  beforeEach(async () => {
    troubles = 0;
    outbound = new OutboundClient({ publicConcurrency: 1, originConcurrency: 1, ownHosts: [] });
    server = await startHostileServer();
  });
  afterEach(async () => {
    await client?.close();
    client = undefined;
    await outbound.onApplicationShutdown();
    await server.close();
  });

  async function connect(): Promise<McpClient> {
    client = await McpClient.connect(
      {
        version: '0',
        onTrouble: () => (troubles += 1),
        transport: (onStreamEnd) =>
          new HttpTransport({
            url: new URL(server.url),
            fetch: outbound.fetchFor(new URL(server.url).origin),
            headers: { authorization: 'Bearer canary-of-the-server' },
            onStreamEnd,
          }),
      },
      never,
    );
    return client;
  }

  async function call(misbehaviour: Misbehaviour, timeoutMs = 10_000): Promise<unknown> {
    server.call = misbehaviour;
    return (client ?? (await connect())).callTool({
      name: 'any',
      arguments: {},
      inputSchema: { type: 'object' },
      timeoutMs,
      signal: never,
      onProgress: () => undefined,
    });
  }

  /** What it costs this process, the server's part included: other than the time it takes, it does not depend on others. */
  async function cpuMs(work: () => Promise<unknown>): Promise<number> {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }

  it('that sends a huge result is cut off', async () => {
    await expect(
      call((response, { id }) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
        response.end(`${'x'.repeat(10_000_000)}"}]}}`);
      }),
    ).rejects.toMatchObject({ reason: 'too_large' });
  });

  it('that sends a huge result as an event is cut off, at once', async () => {
    await expect(
      call((response, { id }) => {
        response.writeHead(200, EVENTS);
        response.write(`data: {"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
        response.end(`${'x'.repeat(10_000_000)}"}]}}\n\n`);
      }, 10_000),
    ).rejects.toMatchObject({ reason: 'too_large' });
  });

  it('whose result is small in bytes and large in values is cut off before it is parsed', async () => {
    const cost = await cpuMs(() =>
      expect(
        call(answer({ content: [], structuredContent: { a: Array.from({ length: 300_000 }, () => [1]) } })),
      ).rejects.toMatchObject({ reason: 'too_large' }),
    );
    expect(cost).toBeLessThan(700);
  });

  it.each([
    ['blocks', { content: Array.from({ length: 7_000 }, () => ({ type: 'text', text: '' })) }],
    ['structure', { content: [], structuredContent: { a: Array.from({ length: 25_000 }, () => 1) } }],
    ['text', { content: [{ type: 'image', mimeType: 'image/png', data: 'A'.repeat(2_000_000) }] }],
  ])(
    'whose result has as much %s as is let through does not keep everybody else waiting',
    async (_, result) => {
      const cost = await cpuMs(async () => expect(await call(answer(result))).toBeDefined());
      expect(cost).toBeLessThan(700);
    },
  );

  it('whose result is nested a hundred thousand deep is cut off', async () => {
    await expect(
      call((response, { id }) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const deep = '['.repeat(100_000) + ']'.repeat(100_000);
        response.end(
          `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"a":${deep}}}}`,
        );
      }),
    ).rejects.toMatchObject({ reason: 'too_large' });
  });

  it('that streams for ever is hung up on when the call is over', async () => {
    let isHungUp = false;
    await expect(
      call((response) => {
        response.writeHead(200, EVENTS);
        const drip = setInterval(() => response.write(': still here\n\n'), 20);
        response.once('close', () => {
          clearInterval(drip);
          isHungUp = true;
        });
      }, 300),
    ).rejects.toMatchObject({ reason: 'timeout' });
    await until(() => isHungUp);
  });

  it('that never answers costs the time of the call', async () => {
    const startedMs = performance.now();
    await expect(call(() => undefined, 300)).rejects.toMatchObject({ reason: 'timeout' });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it('that ends its stream without an answer fails the call at once', async () => {
    await expect(
      call((response) => void response.writeHead(200, EVENTS).end(': bye\n\n'), 10_000),
    ).rejects.toMatchObject({ reason: 'unavailable' });
  });

  it.each<[string, Misbehaviour, string]>([
    [
      'garbage as JSON',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{{{'),
      'bad_answer',
    ],
    [
      'a page',
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      'bad_answer',
    ],
    [
      'JSON that is no JSON-RPC',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
      'bad_answer',
    ],
    ['a result that is no result', answer({ content: 'no list' }), 'bad_answer'],
    ['500', (response) => void response.writeHead(500).end('at 10.0.0.7'), 'unavailable'],
    ['401', (response) => void response.writeHead(401).end('canary-of-the-server'), 'unauthorized'],
    ['404', (response) => void response.writeHead(404).end(), 'session_expired'],
    ['a cut connection', (response) => void response.destroy(), 'unavailable'],
  ])('that answers with %s fails the call, with our words', async (_, misbehaviour, reason) => {
    await expect(call(misbehaviour)).rejects.toMatchObject({ reason, message: `MCP: ${reason}` });
  });

  it.each([301, 302, 307, 308])('that redirects with %i is not followed', async (status) => {
    const target = await startHostileServer({
      call: answer({ content: [{ type: 'text', text: 'metadata' }] }),
    });
    for (const location of ['http://169.254.169.254/latest/meta-data/', target.url, `${server.url}/other`]) {
      await expect(
        call((response) => void response.writeHead(status, { location }).end()),
      ).rejects.toMatchObject({
        reason: expect.stringMatching(/unavailable|bad_answer/),
      });
    }
    expect(target.requests).toEqual([]);
    await target.close();
  });

  it('that pages for ever is asked for so many pages and no more', async () => {
    let pages = 0;
    server.list = (response, request) => {
      pages += 1;
      answer({ tools: [{ name: `t${pages}`, inputSchema: { type: 'object' } }], nextCursor: `${pages}` })(
        response,
        request,
      );
    };
    expect((await (await connect()).listTools(never)).length).toBe(50);
    server.list = answer({ tools: [{ name: 'same' }], nextCursor: 'again' });
    expect(await client!.listTools(never)).toHaveLength(2);
  });

  it('that ends the stream for its own messages again and again is called back ever more slowly', async () => {
    let streams = 0;
    server.stream = (response) => {
      streams += 1;
      response.writeHead(200, EVENTS).end('retry: 0\n\n');
    };
    await connect();
    await until(() => streams >= 2 && troubles >= 2);
    expect(streams).toBeLessThan(4);
  });

  it('that asks us to sample, or the user for a password, hears no', async () => {
    const asked = {
      jsonrpc: '2.0',
      id: 'a',
      method: 'sampling/createMessage',
      params: { messages: [], maxTokens: 1 },
    };
    let refusal = '';
    const result = await call((response, { id }) => {
      response.writeHead(200, EVENTS);
      response.write(`data: ${JSON.stringify(asked)}\n\n`);
      const look = setInterval(() => {
        const answered = server.requests.filter(
          ({ method, rpcMethod }) => method === 'POST' && rpcMethod === undefined,
        );
        if (answered.length === 0) return;
        clearInterval(look);
        refusal = 'answered';
        response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })}\n\n`);
      }, 10);
    });
    expect(result).toMatchObject({ content: [] });
    expect(refusal).toBe('answered');
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18'])('that speaks %s is understood', async (version) => {
    server.protocolVersion = version;
    expect((await connect()).protocolVersion).toBe(version);
  });

  it('that speaks no version of the protocol is not', async () => {
    server.protocolVersion = '1999-01-01';
    await expect(connect()).rejects.toMatchObject({ name: 'McpFailure' });
  });
});
