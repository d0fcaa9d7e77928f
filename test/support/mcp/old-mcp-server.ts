import { randomUUID } from 'node:crypto';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type FixtureTool, listen, type McpFixture, page, seenRequest, someTools } from './mcp-fixture.js';

/** The older generation: `initialize`, sessions, a stream for what the server tells by itself. */
export async function startOldMcpServer(tools: FixtureTool[] = someTools()): Promise<McpFixture> {
  const sessions = new Map<string, { server: Server; transport: StreamableHTTPServerTransport }>();

  async function begin(): Promise<StreamableHTTPServerTransport> {
    const server = new Server(
      { name: 'old', version: '1' },
      { capabilities: { tools: { listChanged: true } } },
    );
    server.setRequestHandler(
      ListToolsRequestSchema,
      async ({ params }) => page(fixture.tools, params?.cursor) as { tools: [] },
    );
    server.setRequestHandler(
      CallToolRequestSchema,
      async ({ params }, { signal, sendNotification, _meta }) => {
        const tool = fixture.tools.find(({ name }) => name === params.name);
        signal.addEventListener('abort', () => fixture.cancelled.push(params.name));
        return await tool!.run!(params.arguments ?? {}, {
          signal,
          progress: (progress, total, message) =>
            sendNotification({
              method: 'notifications/progress',
              params: { progressToken: _meta!.progressToken!, progress, total, message },
            }),
        });
      },
    );
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
    });
    await server.connect(transport);
    return transport;
  }

  const { url, close } = await listen(async (request, response, body) => {
    fixture.requests.push(seenRequest(request, body));
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && !known) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}');
      return;
    }
    const transport = known?.transport ?? (await begin());
    await transport.handleRequest(request, response, body === '' ? undefined : JSON.parse(body));
  });
  const fixture: McpFixture = {
    url,
    requests: [],
    cancelled: [],
    tools,
    changed: async () => {
      for (const { server } of sessions.values()) await server.sendToolListChanged();
    },
    forgetSessions: () => sessions.clear(),
    close: async () => {
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
      await close();
    },
  };
  return fixture;
}
