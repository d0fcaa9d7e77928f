import { setTimeout as delay } from 'node:timers/promises';
import type { PinoLogger } from 'nestjs-pino';
import type { McpClient } from './mcp-client.js';
import { McpFailure, type McpFailureReason, toMcpFailure } from './mcp-failure.js';
import { Pace } from './pace.js';

/** Servers that say nothing of changes are asked so often. */
const REFRESH_MS = 60_000;
/** However often a server says that its tools changed, they are read no more often. */
const MIN_REFRESH_MS = 1_000;

export interface ServerLinkOptions {
  readonly server: string;
  readonly logger: PinoLogger;
  readonly connect: (
    listeners: { readonly onToolsChanged: () => void; readonly onTrouble: () => void },
    signal: AbortSignal,
  ) => Promise<McpClient>;
  /** The server's list as it is now. Never rejects. */
  readonly onListed: (tools: readonly unknown[]) => Promise<void>;
  readonly refreshMs?: number;
  readonly pace?: Pace;
}

/** Keeps a connection to one server: makes it, reads the tools whenever they may have changed, makes it again. */
export class ServerLink {
  private readonly closed = new AbortController();
  private readonly pace: Pace;
  private current: McpClient | undefined;
  /** The attempt that is under way. Never rejects. */
  private attempt: Promise<McpClient | undefined> | undefined;
  private running: Promise<void> = Promise.resolve();
  private wake: () => void = () => undefined;
  private isAwake = false;
  private stale: McpClient | undefined;
  private isLost = false;

  constructor(private readonly options: ServerLinkOptions) {
    this.pace = options.pace ?? new Pace();
  }

  /** Returns at once: nobody waits for a server. */
  start(): void {
    this.attempt = this.connect();
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.closed.abort();
    this.look();
    await this.running;
  }

  /** The connection, also when it is only being made. Throws `unavailable` between two attempts. */
  async client(signal: AbortSignal): Promise<McpClient> {
    if (this.current && this.current !== this.stale) return this.current;
    const client = await Promise.race([this.attempt, whenAborted(signal)]);
    if (!client) throw new McpFailure(signal.aborted ? 'cancelled' : 'unavailable');
    return client;
  }

  /** The server does not know the session of this connection any more. */
  renew(client: McpClient): void {
    if (this.current !== client || this.stale === client) return;
    this.stale = client;
    this.attempt = this.connect();
    this.look();
  }

  /** Time to read the tools: they may have changed, or the server may be gone. */
  look(): void {
    this.isAwake = true;
    this.wake();
  }

  private async run(): Promise<void> {
    const { signal } = this.closed;
    while (!signal.aborted) {
      const client = await this.attempt;
      this.attempt = undefined;
      if (client) {
        this.current = client;
        await this.keep(client);
        this.current = undefined;
        if (signal.aborted) await client.close();
        // Its end is not waited for: the next connection need not wait for calls of this one.
        else client.retire();
      }
      if (signal.aborted || this.attempt) continue;
      await delay(this.pace.next(), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) this.attempt = this.connect();
    }
    // A renewal that was begun when the end came.
    await (await this.attempt)?.close();
  }

  private async connect(): Promise<McpClient | undefined> {
    const { server, logger, connect, onListed } = this.options;
    const { signal } = this.closed;
    let client: McpClient | undefined;
    try {
      client = await connect({ onToolsChanged: () => this.look(), onTrouble: () => this.look() }, signal);
      await onListed(await client.listTools(signal));
      this.isLost = false;
      logger.info({ event: 'mcp.server.connected', server, protocol_version: client.protocolVersion });
      return client;
    } catch (error) {
      await client?.close();
      this.lost(toMcpFailure(error, signal).reason);
      return undefined;
    }
  }

  /** Returns when the connection is of no use any more. */
  private async keep(client: McpClient): Promise<void> {
    const { signal } = this.closed;
    while (!signal.aborted && this.stale !== client) {
      await this.untilWoken();
      if (signal.aborted || this.stale === client) return;
      try {
        await this.options.onListed(await client.listTools(signal));
        this.pace.reset();
      } catch (error) {
        const { reason } = toMcpFailure(error, signal);
        if (reason === 'session_expired') this.attempt ??= this.connect();
        else this.lost(reason);
        return;
      }
      await delay(MIN_REFRESH_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async untilWoken(): Promise<void> {
    if (!this.isAwake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.options.refreshMs ?? REFRESH_MS).unref();
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isAwake = false;
    this.wake = () => undefined;
  }

  /** Said once, however long it lasts. */
  private lost(reason: McpFailureReason): void {
    if (this.isLost || this.closed.signal.aborted) return;
    this.isLost = true;
    this.options.logger.warn({ event: 'mcp.server.lost', server: this.options.server, reason });
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
