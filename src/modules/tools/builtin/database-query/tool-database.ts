import pg from 'pg';
import { ToolError, ToolUnavailableError } from '../../tool.js';
import { SqlRefused } from './check-sql.js';
import { toQueryError } from './to-query-error.js';
import { toJsonCell, typeNameOf } from './to-json-cell.js';
import type { JsonValue } from '../../../../shared/llm/json.js';

export interface ToolDatabaseOptions {
  /** Of the restricted role. */
  readonly url: string;
  /** The schemas that may be read, in the order in which names without a schema are looked for. */
  readonly schemas: readonly string[];
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Of what the server sends for one query. */
  readonly maxBytes: number;
}

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
  /** True: there are more rows than these. */
  readonly truncated: boolean;
}

const POOL_SIZE = 3;
const CONNECT_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 30_000;
/** Beyond the server's own timeout: then nobody waits for it any more. */
const GRACE_MS = 1_000;
const ROWS_AT_ONCE = 100;

/**
 * An application database, read for one user at a time as a role that may do nothing else. What is sent is checked before
 * (`check-sql.ts`); what is here holds also if that fails: one statement by the extended protocol, in a read-only
 * transaction that is always rolled back, with the user's id for row-level security, and with limits on time, rows and bytes.
 */
export class ToolDatabase {
  private readonly pool: pg.Pool;

  constructor(private readonly options: ToolDatabaseOptions) {
    this.pool = new pg.Pool({
      connectionString: options.url,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      application_name: 'perch-tool',
      allowExitOnIdle: true,
      // As text: what JSON can carry of a value is decided in one place.
      types: { getTypeParser: () => (text: string) => text },
    });
    // A connection that is lost while nobody uses it is replaced.
    this.pool.on('error', () => undefined);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Reads with a statement of ours. Throws `ToolUnavailableError`. */
  async read<Row extends object>(sql: string, parameters: unknown[]): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(sql, parameters)).rows;
    } catch (error) {
      throw toQueryError(error);
    }
  }

  /** Runs one SELECT that has been checked. Throws `ToolError`, and `ToolUnavailableError` when the database is away. */
  async query(sql: string, userId: string, signal: AbortSignal): Promise<QueryResult> {
    signal.throwIfAborted();
    const client = await this.pool.connect().catch((error: unknown) => {
      throw toQueryError(error);
    });
    const meter = new Meter(client, this.options.maxBytes);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.options.timeoutMs + GRACE_MS)]);
    let isClean = false;
    const onAbort = (): void => void this.cancel(client);
    deadline.addEventListener('abort', onAbort, { once: true });
    // Nothing that happens to the connection goes by unheard.
    const onError = (): void => undefined;
    client.on('error', onError);
    try {
      const result = await Promise.race([this.fetch(client, sql, userId), meter.exceeded, aborted(deadline)]);
      await client.query('ROLLBACK');
      await client.query('DISCARD ALL');
      isClean = true;
      return result;
    } catch (error) {
      if (meter.isExceeded)
        throw new ToolError(
          'result_too_large',
          'The result is too large. Ask for less: fewer columns, fewer rows, sums.',
        );
      if (deadline.aborted)
        throw new ToolError('timeout', 'The query took too long. Ask for less at a time.');
      throw toQueryError(error);
    } finally {
      deadline.removeEventListener('abort', onAbort);
      meter.stop();
      client.off('error', onError);
      // Whatever an error has left behind goes with its connection.
      client.release(!isClean);
    }
  }

  private async fetch(client: pg.PoolClient, sql: string, userId: string): Promise<QueryResult> {
    const { schemas, timeoutMs, maxRows } = this.options;
    await client.query(
      [
        'BEGIN READ ONLY',
        `SET LOCAL app.user_id = ${pg.escapeLiteral(userId)}`,
        `SET LOCAL statement_timeout = ${timeoutMs}`,
        `SET LOCAL lock_timeout = ${timeoutMs}`,
        `SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs + GRACE_MS}`,
        `SET LOCAL search_path = ${schemas.map((schema) => pg.escapeIdentifier(schema)).join(', ')}`,
        'SET LOCAL standard_conforming_strings = on',
        'SET LOCAL row_security = on',
      ].join('; '),
    );
    // The extended protocol takes one statement, whatever is in the text.
    await client.query(extended(`DECLARE perch_rows NO SCROLL CURSOR FOR ${sql}`));
    const rows: JsonValue[][] = [];
    for (;;) {
      const batch = await client.query<string[]>({
        ...extended(`FETCH FORWARD ${Math.min(ROWS_AT_ONCE, maxRows + 1 - rows.length)} FROM perch_rows`),
        rowMode: 'array',
      });
      const columns = batch.fields.map(({ name, dataTypeID }) => ({ name, type: typeNameOf(dataTypeID) }));
      for (const row of batch.rows as (string | null)[][]) {
        rows.push(row.map((text, index) => toJsonCell(text, batch.fields[index]!.dataTypeID)));
      }
      if (rows.length > maxRows) return { columns, rows: rows.slice(0, maxRows), truncated: true };
      if (batch.rows.length < ROWS_AT_ONCE) return { columns, rows, truncated: false };
    }
  }

  /** Stops the work at the server too, over a connection of its own: the first one is busy. */
  private async cancel(client: pg.PoolClient): Promise<void> {
    const { processID: pid } = client as pg.PoolClient & { processID?: number };
    if (pid === undefined) return;
    const other = new pg.Client({
      connectionString: this.options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      application_name: 'perch-tool-cancel',
    });
    other.on('error', () => undefined);
    try {
      await other.connect();
      await other.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
    } catch {
      // Its own timeout ends it.
    } finally {
      await other.end().catch(() => undefined);
    }
  }
}

/** Counts what the server sends while it arrives; a value that is too large is never whole in this process. */
class Meter {
  isExceeded = false;
  readonly exceeded: Promise<never>;
  private received = 0;
  private readonly stream: NodeJS.ReadableStream & { destroy(error?: Error): void };
  private readonly count: (chunk: Buffer) => void;

  constructor(client: pg.PoolClient, maxBytes: number) {
    this.stream = (client as unknown as { connection: { stream: Meter['stream'] } }).connection.stream;
    let fail: (error: Error) => void;
    this.exceeded = new Promise((_, reject) => (fail = reject));
    this.exceeded.catch(() => undefined);
    this.count = (chunk) => {
      this.received += chunk.length;
      if (this.received <= maxBytes || this.isExceeded) return;
      this.isExceeded = true;
      this.stream.destroy();
      fail(new SqlRefused('result_too_large', 'too large'));
    };
    this.stream.on('data', this.count);
  }

  stop(): void {
    this.stream.off('data', this.count);
  }
}

function extended(text: string): pg.QueryConfig & { queryMode: 'extended' } {
  return { text, queryMode: 'extended' };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(new ToolUnavailableError('aborted'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
