import { Readable } from 'node:stream';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { type FixtureTool, listen, type McpFixture, page, seenRequest, someTools } from './mcp-fixture.js';

/** The newer generation: `server/discover`, no sessions, every request stands alone. It refuses the older one. */
export async function startNewMcpServer(tools: FixtureTool[] = someTools()): Promise<McpFixture> {
  const handler = createMcpHandler(
    () => {
      const server = new Server(
        { name: 'new', version: '2' },
        { capabilities: { tools: { listChanged: true } } },
      );
      server.setRequestHandler(
        'tools/list',
        async ({ params }) => page(fixture.tools, params?.cursor) as { tools: [] },
      );
      server.setRequestHandler('tools/call', async ({ params }, context) => {
        const { signal, notify, _meta } = context.mcpReq;
        const tool = fixture.tools.find(({ name }) => name === params.name);
        signal.addEventListener('abort', () => fixture.cancelled.push(params.name));
        return (await tool!.run!(params.arguments ?? {}, {
          signal,
          progress: (progress, total, message) =>
            notify({
              method: 'notifications/progress',
              params: { progressToken: _meta!.progressToken!, progress, total, message },
            }),
        })) as { content: [] };
      });
      return server;
    },
    { legacy: 'reject' },
  );

  const { url, close } = await listen(async (request, response, body) => {
    fixture.requests.push(seenRequest(request, body));
    const left = new AbortController();
    response.once('close', () => left.abort());
    const answer = await handler.fetch(
      new Request(url, {
        method: request.method!,
        headers: request.headers as Record<string, string>,
        signal: left.signal,
        ...(body === '' ? {} : { body }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    if (!answer.body) response.end();
    else
      Readable.fromWeb(answer.body)
        .on('error', () => response.destroy())
        .pipe(response);
  });
  const fixture: McpFixture = {
    url,
    requests: [],
    cancelled: [],
    tools,
    changed: async () => handler.notify.toolsChanged(),
    forgetSessions: () => undefined,
    close: async () => {
      await handler.close();
      await close();
    },
  };
  return fixture;
}
