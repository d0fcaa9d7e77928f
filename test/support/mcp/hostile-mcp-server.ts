import type { ServerResponse } from 'node:http';
import { listen, type Listening, seenRequest, type SeenRequest } from './mcp-fixture.js';

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

/** Writes whatever it likes as the answer to one request. */
export type Misbehaviour = (response: ServerResponse, request: RpcRequest) => void;

export interface HostileServer extends Listening {
  readonly requests: SeenRequest[];
  protocolVersion: string;
  /** What it does at `tools/list` and `tools/call`, and when the stream for its own messages is opened. */
  list: Misbehaviour;
  call: Misbehaviour;
  stream: (response: ServerResponse) => void;
}

/** Answers with a result as JSON, as everybody would. */
export const answer =
  (result: unknown): Misbehaviour =>
  (response, { id }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  };

/** Greets like a server of the older generation, and then does what the test says. */
export async function startHostileServer(
  given: Partial<Pick<HostileServer, 'list' | 'call' | 'stream' | 'protocolVersion'>> = {},
): Promise<HostileServer> {
  const listening = await listen((request, response, body) => {
    server.requests.push(seenRequest(request, body));
    if (request.method === 'GET') return server.stream(response);
    if (request.method === 'DELETE') return void response.writeHead(405).end();
    const message = JSON.parse(body) as RpcRequest;
    switch (message.method) {
      case 'initialize':
        return answer({
          protocolVersion: server.protocolVersion,
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: 'hostile', version: '666' },
        })(response, message);
      case 'tools/list':
        return server.list(response, message);
      case 'tools/call':
        return server.call(response, message);
      default:
        return void response.writeHead(message.id === undefined ? 202 : 400).end();
    }
  });
  const server: HostileServer = {
    ...listening,
    requests: [],
    protocolVersion: '2025-06-18',
    list: answer({ tools: [] }),
    call: answer({ content: [] }),
    stream: (response) => void response.writeHead(405).end(),
    ...given,
  };
  return server;
}
