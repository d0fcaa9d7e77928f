import pg from 'pg';

export interface SessionSettings {
  /** Whose rows the policies let through. */
  readonly userId: string;
  readonly schemas: readonly string[];
  readonly timeoutMs: number;
  /** How long the session may do nothing within its transaction. */
  readonly idleTimeoutMs: number;
}

/** How soon the server notices that nobody is there any more to hear the answer. */
const CONNECTION_CHECK_MS = 1_000;

/**
 * Opens the read-only transaction of one query. Every setting is the transaction's own and ends with it. How text is read
 * is set too, so that the server sees the statement that was checked; built-in things come before those of the schemas.
 */
export function beginReadOnly({ userId, schemas, timeoutMs, idleTimeoutMs }: SessionSettings): string {
  const path = ['pg_catalog', ...schemas, 'pg_temp'].map((schema) => pg.escapeIdentifier(schema));
  const settings: Readonly<Record<string, string | number>> = {
    standard_conforming_strings: 'on',
    backslash_quote: 'safe_encoding',
    transform_null_equals: 'off',
    'app.user_id': pg.escapeLiteral(userId),
    search_path: path.join(', '),
    row_security: 'on',
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: idleTimeoutMs,
    client_connection_check_interval: CONNECTION_CHECK_MS,
    max_parallel_workers_per_gather: 0,
    jit: 'off',
    timezone: `'UTC'`,
    datestyle: `'ISO, YMD'`,
    intervalstyle: `'postgres'`,
  };
  const sets = Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = ${value}`);
  return ['BEGIN READ ONLY', ...sets].join('; ');
}
