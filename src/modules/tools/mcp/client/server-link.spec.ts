import { KeptLog } from '../../../../../test/support/a-logger.js';
import {
  answer,
  type HostileServer,
  startHostileServer,
} from '../../../../../test/support/mcp/hostile-mcp-server.js';
import { type McpFixture } from '../../../../../test/support/mcp/mcp-fixture.js';
import { startOldMcpServer } from '../../../../../test/support/mcp/old-mcp-server.js';
import { until } from '../../../../../test/support/until.js';
import { HttpTransport } from './http-transport.js';
import { McpClient } from './mcp-client.js';
import { Pace } from './pace.js';
import { ServerLink } from './server-link.js';

const never = new AbortController().signal;

/** Pauses of a few milliseconds. */
class ShortPace extends Pace {
  override next(): number {
    return super.next() / 100;
  }
}

describe(ServerLink.name, () => {
  let log: KeptLog;
  let lists: unknown[][];
  let link: ServerLink;
  let server: (McpFixture | HostileServer) | undefined;

  beforeEach(() => {
    log = new KeptLog();
    lists = [];
  });
  afterEach(async () => {
    await link.close();
    await server?.close();
    server = undefined;
  });

  function start(url: string, refreshMs = 60_000): ServerLink {
    link = new ServerLink({
      server: 'tickets',
      logger: log.logger,
      refreshMs,
      pace: new ShortPace(),
      connect: (listeners, signal) =>
        McpClient.connect(
          {
            version: '0',
            ...listeners,
            transport: (onStreamEnd) =>
              new HttpTransport({ url: new URL(url), fetch, headers: {}, onStreamEnd }),
          },
          signal,
        ),
      onListed: async (tools) => void lists.push([...tools]),
    });
    link.start();
    return link;
  }

  const call = async (name: string): Promise<unknown> =>
    (await link.client(never)).callTool({
      name,
      arguments: { text: 'hello' },
      inputSchema: { type: 'object' },
      timeoutMs: 5_000,
      signal: never,
      onProgress: () => undefined,
    });

  it('lets a call wait for the connection that is being made', async () => {
    server = await startOldMcpServer();
    start(server.url);
    expect(await call('echo')).toMatchObject({ content: [{ text: 'hello' }] });
    expect(lists).toHaveLength(1);
    expect(log.entries).toEqual([
      { event: 'mcp.server.connected', server: 'tickets', protocol_version: '2025-11-25' },
    ]);
  });

  it('tries again until a server that is down is there, and says once that it is not', async () => {
    const gone = await startHostileServer();
    await gone.close();
    start(gone.url);
    await expect(link.client(never)).rejects.toMatchObject({ reason: 'unavailable' });
    await until(() => log.entries.length > 0);
    expect(log.entries).toEqual([{ event: 'mcp.server.lost', server: 'tickets', reason: 'unavailable' }]);
  });

  it('goes on by itself when the server is back', async () => {
    const hostile = await startHostileServer({ list: (response) => void response.writeHead(503).end() });
    server = hostile;
    start(hostile.url);
    await until(() => log.events().includes('mcp.server.lost'));
    hostile.list = answer({ tools: [{ name: 'a' }] });
    await until(() => log.events().includes('mcp.server.connected'));
    expect(lists.at(-1)).toEqual([{ name: 'a' }]);
    expect(log.events()).toEqual(['mcp.server.lost', 'mcp.server.connected']);
  });

  it('makes a new session when the server has forgotten the old one', async () => {
    const old = await startOldMcpServer();
    server = old;
    start(old.url);
    const client = await link.client(never);
    old.forgetSessions();
    await expect(call('echo')).rejects.toMatchObject({ reason: 'session_expired' });
    link.renew(client);
    link.renew(client);
    expect(await call('echo')).toMatchObject({ content: [{ text: 'hello' }] });
    expect(await link.client(never)).not.toBe(client);
    expect(old.requests.filter(({ rpcMethod }) => rpcMethod === 'initialize')).toHaveLength(2);
  });

  it('reads the tools again when the server says that they changed', async () => {
    const old = await startOldMcpServer();
    server = old;
    start(old.url);
    await until(() => lists.length === 1);
    old.tools = [{ name: 'new' }];
    await until(async () => {
      await old.changed();
      return lists.length > 1;
    });
    expect(lists.at(-1)).toMatchObject([{ name: 'new' }]);
  });

  it('reads them now and then where the server says nothing', async () => {
    const hostile = await startHostileServer();
    server = hostile;
    start(hostile.url, 10);
    await until(() => lists.length > 2);
  });

  it('reads them no more often because the server says all the time that they changed', async () => {
    const hostile = await startHostileServer({
      stream: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const note = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
        const flood = setInterval(() => response.write(`data: ${JSON.stringify(note)}\n\n`.repeat(100)), 5);
        response.once('close', () => clearInterval(flood));
      },
    });
    server = hostile;
    start(hostile.url);
    await until(() => lists.length >= 3);
    const since = lists.length;
    const startedMs = performance.now();
    await until(() => lists.length >= since + 2);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
  });

  it('ends what is under way when the process does', async () => {
    const hostile = await startHostileServer({ list: () => undefined });
    server = hostile;
    start(hostile.url);
    await until(() => hostile.requests.some(({ rpcMethod }) => rpcMethod === 'tools/list'));
    const startedMs = performance.now();
    await link.close();
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(log.entries).toEqual([]);
    const { length } = hostile.requests;
    await expect(link.client(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'McpFailure' });
    expect(hostile.requests.length).toBe(length);
  });
});
