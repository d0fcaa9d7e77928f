import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedPost {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server that keeps what is posted to it, and answers with `statuses` one after the other, then with 204. */
export class WebhookReceiver {
  readonly posts: ReceivedPost[] = [];
  readonly statuses: number[] = [];
  private isSilent = false;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        receiver.posts.push({ headers: request.headers, body });
        if (receiver.isSilent) return;
        const status = receiver.statuses.shift() ?? 204;
        // What a receiver writes may be long and strange: nobody reads it.
        response.writeHead(status, { location: `${receiver.url}/elsewhere` });
        response.end(status === 204 ? undefined : 'SECRET-OF-THE-RECEIVER');
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on it takes what comes, and answers nothing. */
  hold(): void {
    this.isSilent = true;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
