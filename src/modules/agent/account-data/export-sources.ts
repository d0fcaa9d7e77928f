/** A kind of record of an export: rows of one table, in the order of `key`. */
export interface ExportSource {
  /** What each line calls itself. */
  readonly record: string;
  readonly table: string;
  /** `$1` is the user, `$2` the parent's id. */
  readonly where: string;
  /** Column and type; together unique among the rows that `where` allows. */
  readonly key: readonly (readonly [column: string, type: string])[];
  /** Columns that are left out: secrets, and what only says how the row is handled. */
  readonly hidden?: readonly string[];
  /** If anything, only these columns. */
  readonly only?: readonly string[];
  /** Columns whose text is JSON. */
  readonly json?: readonly string[];
  /** Columns of whole numbers that the driver gives as text. */
  readonly counts?: readonly string[];
  /** Follow each row; `$2` is its `id`. */
  readonly children?: readonly ExportSource[];
}

const OF_USER = 't.user_id = $1';
const OF_CONVERSATION =
  't.conversation_id = $2 AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = $2 AND c.user_id = $1)';
const OF_RUN = 't.run_id = $2 AND EXISTS (SELECT 1 FROM run r WHERE r.id = $2 AND r.user_id = $1)';
const BY_ID = [['id', 'uuid']] as const;
const SETTINGS = ['memory_enabled', 'limits', 'tools'];

/** All that is written out, in this order. What is derived from it (search terms, vectors) is not. */
export const EXPORT_SOURCES: readonly ExportSource[] = [
  {
    record: 'account',
    table: 'user_account',
    where: 't.id = $1',
    key: BY_ID,
    hidden: ['password_hash', 'erasure_requested_at', ...SETTINGS],
  },
  { record: 'settings', table: 'user_account', where: 't.id = $1', key: BY_ID, only: SETTINGS },
  { record: 'api_key', table: 'api_key', where: OF_USER, key: BY_ID, hidden: ['key_hash'] },
  { record: 'session', table: 'refresh_token', where: OF_USER, key: BY_ID, hidden: ['token_hash'] },
  { record: 'memory', table: 'user_memory', where: OF_USER, key: BY_ID },
  {
    record: 'conversation',
    table: 'conversation',
    where: OF_USER,
    key: [
      ['updated_at', 'timestamptz'],
      ['id', 'uuid'],
    ],
    hidden: ['next_seq', 'next_ordinal', 'queued_runs'],
    children: [
      {
        record: 'summary',
        table: 'conversation_summary',
        where: OF_CONVERSATION,
        key: [['version', 'integer']],
      },
      { record: 'message', table: 'message', where: OF_CONVERSATION, key: [['seq', 'integer']] },
    ],
  },
  {
    record: 'run',
    table: 'run',
    where: OF_USER,
    key: [
      ['created_at', 'timestamptz'],
      ['id', 'uuid'],
    ],
    hidden: ['owner', 'epoch', 'orphaned_epoch', 'reserved_tokens', 'reserved_cost'],
    children: [
      { record: 'step', table: 'step', where: OF_RUN, key: [['seq', 'integer']] },
      {
        record: 'run_events',
        table: 'run_event',
        where: OF_RUN,
        key: [['first_id', 'integer']],
        json: ['events'],
      },
      { record: 'approval', table: 'tool_approval', where: OF_RUN, key: [['seq', 'integer']] },
    ],
  },
  {
    record: 'idempotency_key',
    table: 'idempotency_key',
    where: OF_USER,
    key: [['key', 'text']],
    hidden: ['body_hash'],
  },
  {
    record: 'tool_credential',
    table: 'tool_credential',
    where: OF_USER,
    key: [['server', 'text']],
    hidden: ['sealed'],
  },
  {
    record: 'usage',
    table: 'usage_record',
    where: OF_USER,
    key: [
      ['created_at', 'timestamptz'],
      ['run_id', 'uuid'],
      ['epoch', 'integer'],
      ['seq', 'integer'],
    ],
    counts: ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'],
  },
  {
    record: 'alert',
    table: 'alert',
    where: OF_USER,
    key: BY_ID,
    hidden: ['attempts', 'next_attempt_at', 'last_failure'],
  },
  {
    record: 'audit_entry',
    table: 'audit_entry',
    where: `(t.actor_id = $1 OR (t.target_type = 'user' AND t.target_id = $1))`,
    key: BY_ID,
  },
];
