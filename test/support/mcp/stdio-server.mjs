/* An MCP server on standard streams. It tells what it was started with, and does not end by itself. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const server = new Server({ name: 'stdio', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: ['environment', 'crash'].map((name) => ({ name, inputSchema: { type: 'object' } })),
}));
server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  if (params.name === 'crash') process.exit(3);
  const told = { names: Object.keys(process.env), arguments: process.argv.slice(2), pid: process.pid };
  return { content: [], structuredContent: told };
});
setInterval(() => undefined, 60_000);
await server.connect(new StdioServerTransport());
