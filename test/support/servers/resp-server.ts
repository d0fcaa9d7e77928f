import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** What is answered to a command; an error's text begins with its code. `undefined`: as a healthy, empty Redis would. */
export type Refusal = (command: string) => string | undefined;

/**
 * Speaks Redis's protocol and keeps nothing: lets clients in, and refuses commands as it is told. For answers that a real
 * Redis gives only in the middle of something, such as LOADING.
 */
export class RespServer {
  /** The commands that came, in their order, without arguments. */
  readonly commands: string[] = [];
  private readonly sockets = new Set<Socket>();
  private refusal: Refusal = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(): Promise<RespServer> {
    const server = new RespServer(createServer());
    server.server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** From now on; also on connections that are open. */
  refuse(refusal: Refusal): void {
    this.refusal = refusal;
    this.commands.length = 0;
  }

  /** Closes all connections; new ones are welcome. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.hangUp();
    await closed;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    let unread = '';
    socket.on('data', (data) => {
      // Lengths are of bytes: one character each.
      unread += data.toString('latin1');
      for (let found = readCommand(unread); found; found = readCommand(unread)) {
        unread = unread.slice(found.length);
        socket.write(this.answer(found.words));
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }

  private answer([word = '', ...parameters]: readonly string[]): string {
    const command = word.toUpperCase();
    this.commands.push(command);
    const refused = this.refusal(command);
    if (refused !== undefined) return `-${refused}\r\n`;
    switch (command) {
      case 'INFO':
        return bulk('redis_version:7.0.0\r\nloading:0\r\n');
      case 'PING':
        return '+PONG\r\n';
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE':
        return parameters
          .map((channel) => `*3\r\n${bulk(command.toLowerCase())}${bulk(channel)}:1\r\n`)
          .join('');
      case 'XRANGE':
        return '*0\r\n';
      case 'EVAL':
      case 'EVALSHA':
        return bulk('published');
      default:
        return ':1\r\n';
    }
  }
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

/** The first command of `*<count>\r\n($<length>\r\n<word>\r\n)…`, when it is there as a whole. */
function readCommand(unread: string): { words: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(unread);
  if (!head) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let index = 0; index < Number(head[1]); index += 1) {
    const size = /^\$(\d+)\r\n/.exec(unread.slice(at, at + 20));
    if (!size) return undefined;
    const from = at + size[0].length;
    at = from + Number(size[1]) + 2;
    if (unread.length < at) return undefined;
    words.push(unread.slice(from, at - 2));
  }
  return { words, length: at };
}
