import pg from 'pg';
import type { JsonValue } from '../../../../shared/llm/json.js';
import { Slots } from '../../../../shared/resilience/slots.js';
import { ToolError } from '../../tool.js';
import { BoundedRows } from './bounded-rows.js';
import { beginReadOnly } from './session-settings.js';
import { typeNameOf } from './to-json-cell.js';
import { toQueryError } from './to-query-error.js';
import { ByteMeter, cut } from './wire.js';

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
  /** True: there are more rows than these, or values were cut. */
  readonly truncated: boolean;
}

interface SessionLimits {
  readonly userId: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const POOL_SIZE = 3;
const CONNECT_TIMEOUT_MS = 3_000;
/** For one of the connections to be free: those who ask slow questions must not make the tool look broken. */
const WAIT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;
/** Beyond the server's own timeout: then nobody waits for it any more. */
const GRACE_MS = 1_000;
/** For what we ask ourselves. */
const READ_TIMEOUT_MS = 10_000;
const READ_MAX_BYTES = 4_000_000;
const RESET_TIMEOUT_MS = 2_000;
const ROWS_AT_ONCE = 100;

/**
 * An application database, read for one user at a time as a role that may do nothing else. What is sent is checked before
 * (`check-sql.ts`); what is here holds also if that fails: one statement by the extended protocol, in a read-only
 * transaction that is always rolled back, with the user's id for row-level security, and with limits on time, rows and bytes.
 */
export class ToolDatabase {
  private readonly pool: pg.Pool;
  private readonly slots = new Slots(POOL_SIZE);

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

  /** Reads with a statement of ours, on nobody's behalf. Throws `ToolError` and `ToolUnavailableError`. */
  async read<Row extends object>(sql: string, parameters: unknown[]): Promise<Row[]> {
    const limits = { userId: '', timeoutMs: READ_TIMEOUT_MS, maxBytes: READ_MAX_BYTES };
    const { signal } = new AbortController();
    return this.session(limits, signal, async (client) => (await client.query<Row>(sql, parameters)).rows);
  }

  /** Runs one SELECT that has been checked. Throws `ToolError`, and `ToolUnavailableError` when the database is away. */
  async query(sql: string, userId: string, signal: AbortSignal): Promise<QueryResult> {
    const { timeoutMs, maxBytes } = this.options;
    return this.session({ userId, timeoutMs, maxBytes }, signal, (client) => this.fetch(client, sql));
  }

  /** One connection for one piece of work: it comes back as it was, or not at all. */
  private async session<T>(
    { userId, timeoutMs, maxBytes }: SessionLimits,
    signal: AbortSignal,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const release = await this.slots.acquire(signal, WAIT_MS);
    signal.throwIfAborted();
    if (!release) throw new ToolError('database_busy', 'The database is busy. Try again in a moment.');
    try {
      const client = await this.pool.connect().catch((error: unknown) => {
        throw toQueryError(error);
      });
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs + GRACE_MS)]);
      return await this.guarded(client, deadline, maxBytes, async () => {
        const { schemas } = this.options;
        await client.query(
          beginReadOnly({ userId, schemas, timeoutMs, idleTimeoutMs: timeoutMs + GRACE_MS }),
        );
        return work(client);
      });
    } finally {
      release();
    }
  }

  private async guarded<T>(
    client: pg.PoolClient,
    deadline: AbortSignal,
    maxBytes: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const meter = new ByteMeter(client, maxBytes);
    const onAbort = (): void => cut(client);
    deadline.addEventListener('abort', onAbort, { once: true });
    // Nothing that happens to the connection goes by unheard.
    const onError = (): void => undefined;
    client.on('error', onError);
    let isClean = false;
    try {
      if (deadline.aborted) onAbort();
      const result = await Promise.race([work(), meter.exceeded, aborted(deadline)]);
      isClean = await isReset(client);
      return result;
    } catch (error) {
      if (meter.isExceeded)
        throw new ToolError(
          'result_too_large',
          'The result is too large. Ask for less: fewer columns, fewer rows, sums.',
        );
      if (deadline.aborted)
        throw new ToolError('timeout', 'The query took too long. Ask for less at a time.');
      // A statement that the server refused leaves the session as it was; anything else goes with its connection.
      if (isStatementError(error)) isClean = await isReset(client);
      throw toQueryError(error);
    } finally {
      deadline.removeEventListener('abort', onAbort);
      meter.stop();
      client.off('error', onError);
      client.release(!isClean);
    }
  }

  private async fetch(client: pg.PoolClient, sql: string): Promise<QueryResult> {
    const { maxRows } = this.options;
    // The extended protocol takes one statement, whatever is in the text.
    await client.query(extended(`DECLARE perch_rows NO SCROLL CURSOR FOR ${sql}`));
    const bounded = new BoundedRows(maxRows);
    for (;;) {
      const wanted = Math.min(ROWS_AT_ONCE, maxRows + 1 - bounded.rows.length);
      const batch = await client.query<(string | null)[]>({
        ...extended(`FETCH FORWARD ${wanted} FROM perch_rows`),
        rowMode: 'array',
      });
      const typeIds = batch.fields.map(({ dataTypeID }) => dataTypeID);
      for (const row of batch.rows) bounded.add(row, typeIds);
      if (bounded.isFull || batch.rows.length < wanted) {
        const columns = batch.fields.map(({ name, dataTypeID }) => ({ name, type: typeNameOf(dataTypeID) }));
        return { columns, rows: bounded.rows, truncated: bounded.isTruncated };
      }
    }
  }
}

/** Ends the transaction, and forgets what a session may keep beyond it: settings, locks, cursors. */
async function isReset(client: pg.PoolClient): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), RESET_TIMEOUT_MS);
  });
  const reset = async (): Promise<boolean> => {
    await client.query('ROLLBACK');
    await client.query('DISCARD ALL');
    return true;
  };
  try {
    return await Promise.race([reset().catch(() => false), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server has said no to a statement, and nothing worse. */
function isStatementError(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}

function extended(text: string): pg.QueryConfig & { queryMode: 'extended' } {
  return { text, queryMode: 'extended' };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(new Error('aborted'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
