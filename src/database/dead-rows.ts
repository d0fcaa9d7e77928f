import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Client } from 'pg';
import { DatabaseConfig } from '../config/app-config.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Per table. */
const STATEMENT_TIMEOUT_MS = 5 * 60_000;

/**
 * Clears away what deleted rows leave behind: their bytes, and the samples of them in the planner's statistics. On the
 * embedded database alone; another one is its operator's, who has autovacuum (see docs/guides/memory-and-erasure.md).
 */
@Injectable()
export class DeadRows implements OnApplicationShutdown {
  private readonly due = new Set<string>();
  private working: Promise<void> | undefined;
  private client: Client | undefined;
  private isClosed = false;

  constructor(
    private readonly config: DatabaseConfig,
    private readonly logger: PinoLogger,
  ) {}

  /** In the background, one table after the other; what is asked for meanwhile comes after it. Names are our own. */
  clear(tables: readonly string[]): void {
    if (!this.config.isEmbedded || this.isClosed) return;
    for (const table of tables) this.due.add(table);
    this.working ??= this.work().finally(() => (this.working = undefined));
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    this.due.clear();
    // A VACUUM that is cut short has done no harm.
    void this.client?.end().catch(() => undefined);
    await this.working;
  }

  private async work(): Promise<void> {
    const client = new Client({
      connectionString: this.config.url!.reveal(),
      application_name: 'perch vacuum',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
    });
    client.on('error', () => undefined);
    this.client = client;
    try {
      await client.connect();
      for (const table of this.due) {
        this.due.delete(table);
        await client.query(`VACUUM (ANALYZE) ${client.escapeIdentifier(table)}`);
      }
    } catch (error) {
      if (!this.isClosed) this.logger.warn({ event: 'database.dead_rows_left', err: error });
    } finally {
      this.client = undefined;
      await client.end().catch(() => undefined);
    }
  }
}
