import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, decoded from quoted-printable. */
  readonly text: string;
}

/** A mail server on loopback that takes everything, unless it is told to answer otherwise. */
export class MailSink {
  readonly mails: ReceivedMail[] = [];
  /** Answers to `RCPT TO`, the first one first; then everybody is taken again. */
  readonly refusals: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MailSink> {
    const server = createServer((socket) => sink.converse(socket));
    const sink = new MailSink(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private converse(socket: Socket): void {
    let buffer = '';
    let envelope = { from: '', to: [] as string[] };
    let isData = false;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      buffer += chunk.toString('utf8');
      for (;;) {
        const end = buffer.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + (isData ? 5 : 2));
        if (isData) {
          this.mails.push({ ...envelope, text: decoded(line) });
          envelope = { from: '', to: [] };
          isData = false;
          say('250 taken');
        } else if (line.startsWith('MAIL FROM:')) {
          envelope.from = addressIn(line);
          say('250 ok');
        } else if (line.startsWith('RCPT TO:')) {
          const refusal = this.refusals.shift();
          if (refusal === undefined) envelope.to.push(addressIn(line));
          say(refusal ?? '250 ok');
        } else if (line === 'DATA') {
          isData = true;
          say('354 go on');
        } else if (line === 'QUIT') {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
    say('220 a sink');
  }
}

function addressIn(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}

function decoded(text: string): string {
  return text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
