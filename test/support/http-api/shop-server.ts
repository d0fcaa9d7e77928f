import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedCall {
  readonly method: string;
  /** Path and query exactly as they stood in the request. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = (response: ServerResponse, call: ReceivedCall) => void;

/** The shop of `docs/examples/shop.openapi.yaml`: keeps every call, and answers as it is told, else in JSON. */
export class ShopServer {
  readonly calls: ReceivedCall[] = [];
  private readonly answers: Answer[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ShopServer> {
    const server = createServer();
    const shop = new ShopServer(server);
    server.on('request', (request, response) => void shop.take(request, response));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return shop;
  }

  /** Without a path. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get last(): ReceivedCall {
    const call = this.calls.at(-1);
    if (!call) throw new Error('nobody called the shop');
    return call;
  }

  /** Answers the next call. */
  next(answer: Answer): void {
    this.answers.push(answer);
  }

  nextJson(status: number, body: unknown, type = 'application/json'): void {
    this.next((response) => response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body)));
  }

  nextText(status: number, body: string | Uint8Array, type?: string): void {
    this.next((response) => response.writeHead(status, type ? { 'content-type': type } : {}).end(body));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const call = { method: request.method ?? '', target: request.url ?? '', headers: request.headers, body };
    this.calls.push(call);
    const answer = this.answers.shift() ?? byDefault;
    answer(response, call);
  }
}

function byDefault(response: ServerResponse, { method }: ReceivedCall): void {
  if (method === 'DELETE') response.writeHead(204).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"A-1007","state":"sent"}');
}
