import { startNewMcpServer } from '../../../../../test/support/mcp/new-mcp-server.js';
import { startOldMcpServer } from '../../../../../test/support/mcp/old-mcp-server.js';
import type { McpFixture } from '../../../../../test/support/mcp/mcp-fixture.js';
import { until } from '../../../../../test/support/until.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { HttpTransport } from './http-transport.js';
import { McpClient } from './mcp-client.js';

const GENERATIONS = [
  ['older', startOldMcpServer, '2025-11-25'],
  ['newer', startNewMcpServer, '2026-07-28'],
] as const;

describe.each(GENERATIONS)('a server of the %s generation', (_, start, version) => {
  let server: McpFixture;
  let client: McpClient;
  let changes: number;
  let outbound: OutboundClient;
  const never = new AbortController().signal;

  beforeEach(async () => {
    changes = 0;
    outbound = new OutboundClient({ publicConcurrency: 1, originConcurrency: 1, ownHosts: [] });
    server = await start();
    client = await McpClient.connect(
      {
        version: '0',
        onToolsChanged: () => (changes += 1),
        transport: (onStreamEnd) =>
          new HttpTransport({
            url: new URL(server.url),
            fetch: outbound.fetchFor(new URL(server.url).origin),
            headers: { authorization: 'Bearer of-the-server' },
            onStreamEnd,
          }),
      },
      never,
    );
  });
  afterEach(async () => {
    await client.close();
    await outbound.onApplicationShutdown();
    await server.close();
  });

  const call = (name: string, more: Partial<Parameters<McpClient['callTool']>[0]> = {}) =>
    client.callTool({
      name,
      arguments: {},
      inputSchema: { type: 'object' },
      timeoutMs: 5_000,
      signal: never,
      onProgress: () => undefined,
      ...more,
    });

  it('is spoken to in its own words', () => {
    expect(client.protocolVersion).toBe(version);
  });

  it('lists its tools, page by page', async () => {
    const listed = (await client.listTools(never)) as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['echo', 'fail', 'work']);
    expect(server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/list')).toHaveLength(2);
  });

  it('answers calls', async () => {
    const result = await call('echo', { arguments: { text: 'hello' } });
    expect(result.content).toEqual([{ type: 'text', text: 'hello' }]);
  });

  it('says that a tool failed', async () => {
    expect(await call('fail')).toMatchObject({ isError: true });
  });

  it('hears that a call was cancelled, and tells how far it was', async () => {
    const stop = new AbortController();
    const progress: unknown[] = [];
    const calling = call('work', {
      signal: stop.signal,
      onProgress: (one) => {
        progress.push(one);
        stop.abort();
      },
    });
    await expect(calling).rejects.toMatchObject({ reason: 'cancelled' });
    expect(progress).toEqual([expect.objectContaining({ progress: 1, total: 2, message: 'half of it' })]);
    await until(() => server.cancelled.includes('work'));
  });

  it('hears that a call took too long', async () => {
    await expect(call('work', { timeoutMs: 200 })).rejects.toMatchObject({ reason: 'timeout' });
    await until(() => server.cancelled.includes('work'));
  });

  it('lets calls end that are under way when its connection is given up', async () => {
    const stop = new AbortController();
    const { promise: isAtWork, resolve } = Promise.withResolvers<unknown>();
    const calling = call('work', { signal: stop.signal, onProgress: resolve });
    await isAtWork;
    client.retire();
    expect(await call('echo', { arguments: { text: 'hello' } })).toBeDefined();
    stop.abort();
    await expect(calling).rejects.toMatchObject({ reason: 'cancelled' });
    await until(() => server.cancelled.includes('work'));
    await client.close();
    await expect(call('echo')).rejects.toMatchObject({ name: 'McpFailure' });
  });

  it('is heard when it says that its tools changed', async () => {
    // The stream for this is opened beside the first request.
    await until(async () => {
      await server.changed();
      return changes > 0;
    });
  });

  it('is sent its own credential with every request', () => {
    expect(server.requests.length).toBeGreaterThan(0);
    for (const { headers } of server.requests) expect(headers.authorization).toBe('Bearer of-the-server');
  });
});
