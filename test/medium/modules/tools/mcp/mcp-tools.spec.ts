import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { ToolUnavailableError } from '../../../../../src/modules/tools/tool.js';
import { answer, startHostileServer } from '../../../../support/mcp/hostile-mcp-server.js';
import { type McpFixture, someTools, text } from '../../../../support/mcp/mcp-fixture.js';
import { type McpUnderTest, startMcp } from '../../../../support/mcp/mcp-under-test.js';
import { startNewMcpServer } from '../../../../support/mcp/new-mcp-server.js';
import { startOldMcpServer } from '../../../../support/mcp/old-mcp-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

const STDIO_SERVER = fileURLToPath(new URL('../../../../support/mcp/stdio-server.mjs', import.meta.url));

describe('tools of MCP servers', () => {
  let database: TestDatabase;
  let server: McpFixture | undefined;
  const running: McpUnderTest[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    for (const mcp of running.splice(0)) await mcp.stop();
    await server?.close();
    server = undefined;
    await database.dataSource.query('TRUNCATE tool_pin');
  });

  async function start(servers: readonly object[], env?: Record<string, string>): Promise<McpUnderTest> {
    const mcp = await startMcp(database.dataSource, servers, env);
    running.push(mcp);
    return mcp;
  }

  it('are known from the database while their server is down, and say that it is', async () => {
    server = await startOldMcpServer();
    const before = await start([{ name: 's', url: server.url }]);
    await before.tool('s_echo');
    await before.stop();
    await server.close();
    server = undefined;

    const after = await start([{ name: 's', url: 'http://127.0.0.1:1/mcp', tools: ['echo', 'fail'] }]);
    expect(after.names()).toEqual(['s_echo', 's_fail']);
    const failure = await after.call('s_echo', { text: 'x' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ToolUnavailableError);
    expect(failure).toMatchObject({ message: 's cannot be reached at the moment. Go on without it.' });
    await until(() => after.log.events().includes('mcp.server.lost'));
    expect(JSON.stringify(after.log.entries)).not.toContain('127.0.0.1');
  });

  it('are called in a new session when the server has forgotten the old one', async () => {
    server = await startOldMcpServer();
    const mcp = await start([{ name: 's', url: server.url }]);
    await mcp.tool('s_echo');
    server.forgetSessions();
    expect(await mcp.call('s_echo', { text: 'still there' })).toEqual({
      content: [{ type: 'text', text: 'still there' }],
    });
  });

  it('are looked at again when their server does not take what it took before', async () => {
    const hostile = await startHostileServer({
      list: answer({ tools: [{ name: 'a', inputSchema: { type: 'object' } }] }),
    });
    const mcp = await start([{ name: 's', url: hostile.url }]);
    await mcp.tool('s_a');
    hostile.list = answer({ tools: [{ name: 'a', inputSchema: { type: 'object', required: ['more'] } }] });
    hostile.call = (response, { id }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32602, message: 'more is\u202e missing' } }),
      );
    };
    await expect(mcp.call('s_a')).rejects.toMatchObject({
      code: 'invalid_parameters',
      message: 's does not take these parameters: more is missing',
    });
    await until(() => mcp.names().length === 0);
    expect(mcp.log.entries).toContainEqual({ event: 'mcp.server.tool_held_back', server: 's', tool: 'a' });
    await hostile.close();
  });

  it('are not executed under a definition that is not the one that was offered', async () => {
    server = await startNewMcpServer();
    const mcp = await start([{ name: 's', url: server.url }]);
    const offered = await mcp.tool('s_echo');
    server.tools[0]!.description = 'Something else.';
    await server.changed();
    await until(() => !mcp.names().includes('s_echo'));
    const calls = server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call').length;
    const context = {
      userId: 'u',
      toolCallId: 'c',
      idempotencyKey: 'k',
      signal: new AbortController().signal,
    };
    await expect(
      offered.execute({ text: 'x' }, { ...context, reportProgress: () => undefined }),
    ).rejects.toMatchObject({ code: 'tool_held_back' });
    expect(server.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call')).toHaveLength(calls);
  });

  it('wait for an administrator at first sight, where the operator wants it so', async () => {
    server = await startOldMcpServer();
    const mcp = await start([{ name: 's', url: server.url }], { PERCH_MCP_TRUST_ON_FIRST_USE: 'false' });
    await until(() => mcp.log.events().includes('mcp.server.connected'));
    expect(mcp.names()).toEqual([]);
    const pins = await mcp.pins.findPage({ limit: 10 }, { status: 'pending' });
    expect(pins.map(({ tool }) => tool).sort()).toEqual(['echo', 'fail', 'work']);
    expect(mcp.log.events().filter((event) => event === 'mcp.server.tool_held_back')).toHaveLength(3);
  });

  it('of the operator’s own server change without anybody’s agreement', async () => {
    server = await startOldMcpServer();
    const mcp = await start([{ name: 's', url: server.url, trusted: true }]);
    await mcp.tool('s_echo');
    server.tools[0]!.description = 'Says it louder.';
    await until(async () => {
      await server!.changed();
      return (await mcp.tool('s_echo')).description === 'Says it louder.';
    }, 10_000);
    const pins = await mcp.pins.findPage({ limit: 10 }, {});
    expect(pins.filter(({ tool }) => tool === 'echo').map(({ status }) => status)).toEqual([
      'approved',
      'superseded',
    ]);
  });

  it('tell how far they are, in a line', async () => {
    const tools = someTools();
    tools.push({
      name: 'steps',
      run: async (_, { progress }) => {
        await progress(1, 3, `token: canary-own-credential\u0007 ${'x'.repeat(5_000)}`);
        return text('done');
      },
    });
    server = await startNewMcpServer(tools);
    const mcp = await start([{ name: 's', url: server.url, token_env: 'TOKEN' }], {
      TOKEN: 'canary-own-credential',
    });
    const lines: string[] = [];
    await mcp.call('s_steps', {}, { reportProgress: (line) => void lines.push(line) });
    expect(lines).toEqual([expect.stringMatching(/^token: \[redacted\] x+$/)]);
    expect(lines[0]!.length).toBeLessThanOrEqual(200);
  });

  it('of a server with ten thousand of them and megabytes of text are few and short', async () => {
    const hostile = await startHostileServer({
      list: answer({
        tools: Array.from({ length: 3_000 }, (_, i) => ({
          name: `t${i}`,
          description: i === 0 ? 'x'.repeat(1_500_000) : 'x',
          inputSchema: { type: 'object' },
        })),
      }),
    });
    const mcp = await start([{ name: 's', url: hostile.url }]);
    await mcp.tool('s_t0');
    expect(mcp.names()).toHaveLength(128);
    expect((await mcp.tool('s_t0')).description.length).toBeLessThan(4_002);
    expect(mcp.log.entries).toContainEqual(
      expect.objectContaining({ event: 'mcp.server.tools_dropped', server: 's', count: 1_872 }),
    );
    await hostile.close();
  });

  it('of a server that sends more than can be read at once are none, and it is left alone', async () => {
    const hostile = await startHostileServer({
      list: answer({
        tools: Array.from({ length: 10_000 }, (_, i) => ({ name: `t${i}`, inputSchema: { type: 'object' } })),
      }),
    });
    const mcp = await start([{ name: 's', url: hostile.url }]);
    await until(() => mcp.log.events().includes('mcp.server.lost'));
    expect(mcp.log.entries).toEqual([{ event: 'mcp.server.lost', server: 's', reason: 'too_large' }]);
    expect(mcp.names()).toEqual([]);
    await hostile.close();
  });

  it('of a server that tells everybody what it is called with tell nobody', async () => {
    const own = 'canary-own-credential';
    const description = `Call it with ${own} or ${Buffer.from(own).toString('base64url')}.`;
    const hostile = await startHostileServer({
      list: answer({ tools: [{ name: 'a', description, inputSchema: { type: 'object', description } }] }),
      call: (response) => void response.writeHead(401, { 'x-was': own }).end(`${own} is wrong`),
    });
    const mcp = await start([{ name: 's', url: hostile.url, token_env: 'TOKEN' }], { TOKEN: own });
    expect(await mcp.tool('s_a')).toMatchObject({ description: 'Call it with [redacted] or [redacted].' });
    const failure = await mcp.call('s_a').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unauthorized' });
    hostile.list = (response) => void response.writeHead(500).end(own);
    await mcp.stop();
    const [row] = await database.dataSource.query<object[]>('SELECT * FROM tool_pin');
    const said = JSON.stringify([mcp.log.entries, row]) + inspect(failure, { depth: 9 });
    expect(said).not.toContain(own);
    await hostile.close();
  });

  describe('that is a program', () => {
    const program = { name: 'p', command: process.execPath, args: [STDIO_SERVER, '--flag'] };

    it('are not there unless the operator allows programs', async () => {
      await expect(start([program])).rejects.toThrow(
        'PERCH_MCP_STDIO_ENABLED: must be true for the command of p',
      );
    });

    it('are called with nothing but PATH in their environment, and end with the process', async () => {
      const mcp = await start([program], { PERCH_MCP_STDIO_ENABLED: 'true', SECRET_CANARY: 'x' });
      const { structured } = (await mcp.call('p_environment')) as {
        structured: { names: string[]; arguments: string[]; pid: number };
      };
      expect(structured.names).toEqual(['PATH']);
      expect(structured.arguments).toEqual(['--flag']);
      await mcp.stop();
      await until(() => !isAlive(structured.pid), 10_000);
    });

    it('are started again when it ended', async () => {
      const mcp = await start([program], { PERCH_MCP_STDIO_ENABLED: 'true' });
      await expect(mcp.call('p_crash')).rejects.toBeInstanceOf(ToolUnavailableError);
      await until(
        () => mcp.log.events().filter((event) => event === 'mcp.server.connected').length === 2,
        10_000,
      );
      expect(await mcp.call('p_environment')).toMatchObject({ structured: { names: ['PATH'] } });
    });

    it('are none where there is no such program', async () => {
      const mcp = await start([{ ...program, command: '/nowhere/program' }], {
        PERCH_MCP_STDIO_ENABLED: 'true',
      });
      await until(() => mcp.log.events().includes('mcp.server.lost'));
      expect(mcp.names()).toEqual([]);
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
