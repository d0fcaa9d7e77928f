import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands before a server and can lose its answers: what a client sends still arrives and is done. For what nobody can bring
 * about by stopping a server, whose work and whose answer end together.
 */
export class CuttingProxy {
  private readonly sockets = new Set<Socket>();
  private cue: string | undefined;
  private heard = false;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (client) => this.pass(client));
  }

  static async before(url: string): Promise<CuttingProxy> {
    const { hostname: host, port } = new URL(url);
    const proxy = new CuttingProxy(createServer(), { host, port: Number(port || 5432) });
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The address of the server, as it is here. */
  url(original: string): string {
    const url = new URL(original);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as { port: number }).port);
    return url.href;
  }

  /** The next connection on which a client says this text is given no answer any more. */
  muteAt(text: string): void {
    this.cue = text;
    this.heard = false;
  }

  /** Whether the text was said. */
  get isMute(): boolean {
    return this.heard;
  }

  /** Closes all connections; new ones are welcome. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private pass(client: Socket): void {
    const upstream = connect(this.target);
    let isMute = false;
    client.on('data', (data) => {
      if (this.cue !== undefined && data.includes(this.cue)) {
        this.cue = undefined;
        this.heard = true;
        isMute = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => void (isMute || client.write(data)));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
