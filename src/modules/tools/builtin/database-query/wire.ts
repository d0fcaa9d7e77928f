import type { Socket } from 'node:net';
import pg from 'pg';

const CANCEL_TIMEOUT_MS = 2_000;

/** What pg knows of a connection and does not say in its types. */
interface Wired {
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly connection: { readonly stream: Socket };
}

/** A connection of pg before it has logged in. */
interface CancelConnection {
  readonly stream: Socket;
  on(event: 'error', listener: (error: Error) => void): void;
  once(event: 'connect', listener: () => void): void;
  connect(port: number, host: string): void;
  cancel(processId: number, secretKey: number): void;
}

const wired = (client: pg.PoolClient): Wired => client as unknown as Wired;

/** Counts what the server sends while it arrives: a value that is too large is never whole in this process. */
export class ByteMeter {
  isExceeded = false;
  /** Rejects when there is too much; the connection is cut then. */
  readonly exceeded: Promise<never>;
  private received = 0;
  private readonly stream: Socket;
  private readonly count: (chunk: Buffer) => void;

  constructor(client: pg.PoolClient, maxBytes: number) {
    this.stream = wired(client).connection.stream;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.exceeded = promise;
    this.count = (chunk) => {
      this.received += chunk.length;
      if (this.received <= maxBytes || this.isExceeded) return;
      this.isExceeded = true;
      cut(client);
      reject(new Error('too many bytes'));
    };
    this.stream.on('data', this.count);
  }

  stop(): void {
    this.stream.off('data', this.count);
  }
}

/**
 * Ends what the server does for this connection, and the connection. By the protocol's own request, which needs neither a
 * login nor a place; where it does not get through, the server notices by itself that nobody is there any more.
 */
export function cut(client: pg.PoolClient): void {
  const { processID, secretKey, connection } = wired(client);
  const { remoteAddress: host, remotePort: port } = connection.stream;
  if (processID !== null && secretKey !== null && host !== undefined && port !== undefined) {
    const other = new pg.Connection() as unknown as CancelConnection;
    other.stream.setTimeout(CANCEL_TIMEOUT_MS, () => other.stream.destroy());
    other.stream.unref();
    other.on('error', () => undefined);
    other.once('connect', () => {
      other.cancel(processID, secretKey);
      other.stream.end();
    });
    other.connect(port, host);
  }
  connection.stream.destroy();
}
