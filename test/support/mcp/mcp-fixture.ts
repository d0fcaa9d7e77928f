import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FixtureContext {
  readonly signal: AbortSignal;
  progress(progress: number, total: number, message: string): Promise<void>;
}

export interface FixtureTool {
  name: string;
  description?: string;
  inputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
  run?(input: Record<string, unknown>, context: FixtureContext): Promise<Record<string, unknown>>;
}

export interface SeenRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the JSON-RPC message, where there is one. */
  readonly rpcMethod: string | undefined;
}

/** An MCP server made with a public SDK, over real HTTP. Its tools may be changed while it runs. */
export interface McpFixture {
  readonly url: string;
  readonly requests: SeenRequest[];
  /** Names of tools whose call was cancelled. */
  readonly cancelled: string[];
  tools: FixtureTool[];
  /** Tells the clients that the tools changed. */
  changed(): Promise<void>;
  /** Forgets all sessions, as a restart would. The newer generation has none. */
  forgetSessions(): void;
  close(): Promise<void>;
}

export const PAGE_SIZE = 2;

export const text = (value: string): Record<string, unknown> => ({
  content: [{ type: 'text', text: value }],
});

/** Three tools, so that there are two pages. */
export function someTools(): FixtureTool[] {
  return [
    {
      name: 'echo',
      description: 'Says it again.',
      inputSchema: {
        type: 'object',
        properties: { text: { type: 'string', maxLength: 100 } },
        required: ['text'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true },
      run: async ({ text: value }) => text(String(value)),
    },
    {
      name: 'fail',
      description: 'Fails.',
      run: async () => ({ ...text('The disk is full.'), isError: true }),
    },
    {
      name: 'work',
      description: 'Takes until it is cancelled, and tells how far it is.',
      run: async (_, { signal, progress }) => {
        await progress(1, 2, 'half of it');
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        });
        return text('stopped');
      },
    },
  ];
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => Promise<void> | void,
): Promise<Listening> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void Promise.resolve(handle(request, response, Buffer.concat(chunks).toString())).catch(() =>
        response.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function seenRequest(request: IncomingMessage, body: string): SeenRequest {
  let rpcMethod: string | undefined;
  try {
    rpcMethod = (JSON.parse(body) as { method?: string }).method;
  } catch {
    // GET and DELETE have none.
  }
  return { method: request.method ?? '', headers: request.headers, rpcMethod };
}

export function page(tools: readonly FixtureTool[], cursor: string | undefined): Record<string, unknown> {
  const start = Number(cursor ?? 0);
  const end = start + PAGE_SIZE;
  return {
    tools: tools
      .slice(start, end)
      .map(({ run: _, ...tool }) => ({ inputSchema: { type: 'object' }, ...tool })),
    ...(end < tools.length ? { nextCursor: String(end) } : {}),
  };
}
