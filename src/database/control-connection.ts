import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Client } from 'pg';
import { DatabaseConfig } from '../config/app-config.js';

/** Everything that goes over this connection is small; what takes longer means that the database is away. */
const TIMEOUT_MS = 3_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;

/** The channel that all processes of Perch listen on. Payloads: see `RunSupervisor`. */
export const CHANNEL = 'perch';

/** Whatever runs one statement and gives its rows. */
export interface Queries {
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/**
 * A connection of its own for what must not wait behind requests: heartbeats, and notifications from other processes.
 * When it is lost it is made again, without end; a query meanwhile waits for it or fails within a bounded time.
 */
@Injectable()
export class ControlConnection implements Queries, OnApplicationShutdown {
  private client: Client | undefined;
  private connecting: Promise<Client> | undefined;
  /** Settles when the connection is free; never rejects. */
  private free: Promise<unknown> = Promise.resolve();
  private readonly closed = new AbortController();
  private readonly listeners: ((payload: string) => void)[] = [];
  private readonly reconnected: (() => void)[] = [];

  constructor(
    private readonly config: DatabaseConfig,
    private readonly logger: PinoLogger,
  ) {}

  /** Told of every notification on CHANNEL, those of this process included. */
  onNotification(listener: (payload: string) => void): void {
    this.listeners.push(listener);
  }

  /** Told when the connection is there (again): notifications may have been missed before. */
  onConnected(listener: () => void): void {
    this.reconnected.push(listener);
  }

  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const client = await this.connected();
    const turn = this.free.then(() => this.run<Row>(client, sql, parameters));
    this.free = turn.catch(() => undefined);
    return turn;
  }

  private async run<Row>(client: Client, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    // Who waited for its turn does not wait again for a new connection: all of them fail with the one that hung.
    if (this.client !== client) throw new Error('Connection terminated before it was free');
    try {
      return (await client.query(sql, [...parameters])).rows as Row[];
    } catch (error) {
      // A timed-out statement still blocks the connection, and a broken one is of no use.
      if (!(error as { severity?: string }).severity) this.drop(client, error);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed.abort();
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  /** Resolves to the connection, or rejects within TIMEOUT_MS. */
  private connected(): Promise<Client> {
    if (this.client) return Promise.resolve(this.client);
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async connect(): Promise<Client> {
    this.closed.signal.throwIfAborted();
    const client = new Client({
      connectionString: this.config.url!.reveal(),
      application_name: 'perch control',
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', (error) => this.drop(client, error));
    client.on('end', () => this.drop(client, undefined));
    client.on('notification', ({ payload = '' }) => {
      for (const listener of this.listeners) listener(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    if (this.closed.signal.aborted) {
      void client.end().catch(() => undefined);
      this.closed.signal.throwIfAborted();
    }
    this.client = client;
    this.free = Promise.resolve();
    for (const listener of this.reconnected) listener();
    return client;
  }

  private drop(client: Client, error: unknown): void {
    if (this.client !== client) return;
    this.client = undefined;
    void client.end().catch(() => undefined);
    if (this.closed.signal.aborted) return;
    this.logger.warn({ event: 'database.control_connection_lost', err: error });
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    const { signal } = this.closed;
    for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(pause * 2, MAX_RETRY_MS)) {
      try {
        await this.connected();
        this.logger.info({ event: 'database.control_connection_back' });
        return;
      } catch {
        await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }
}
