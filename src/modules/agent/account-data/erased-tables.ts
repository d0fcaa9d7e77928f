/*
 * Every table that holds something of a user. What is erased is named here, row by row, so that the answer can say how much
 * there was; the foreign keys take what came in the meantime. A test compares both lists with the database: a new table with
 * a way to `user_account`, or with a `user_id`, has to be in one of them.
 */

/** `$1` is the user. Children before their parents, so that each row is counted where it belongs. */
export const ERASED_TABLES: Readonly<Record<string, string>> = {
  message_vector: `message_id IN (SELECT m.id FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE c.user_id = $1)`,
  message_index: `conversation_id IN (SELECT id FROM conversation WHERE user_id = $1)`,
  message: `conversation_id IN (SELECT id FROM conversation WHERE user_id = $1)`,
  conversation_summary: `conversation_id IN (SELECT id FROM conversation WHERE user_id = $1)`,
  conversation_upkeep: `conversation_id IN (SELECT id FROM conversation WHERE user_id = $1)`,
  tool_approval: `run_id IN (SELECT id FROM run WHERE user_id = $1)`,
  run_event: `run_id IN (SELECT id FROM run WHERE user_id = $1)`,
  step: `run_id IN (SELECT id FROM run WHERE user_id = $1)`,
  run: `user_id = $1`,
  // One with a run came after the runs went: it goes with the account, and the run's id is known then.
  conversation: `user_id = $1 AND NOT EXISTS (SELECT 1 FROM run r WHERE r.conversation_id = conversation.id)`,
  user_memory: `user_id = $1`,
  idempotency_key: `user_id = $1`,
  tool_credential: `user_id = $1`,
  alert: `user_id = $1`,
  account_token: `user_id = $1`,
  api_key: `user_id = $1`,
  refresh_token: `user_id = $1`,
};

/** Last, with everything that still refers to it. */
export const ACCOUNT_TABLE = 'user_account';

/**
 * They name a user by id and hold no content: see docs/guides/memory-and-erasure.md. `side_call` is what is being spent just
 * now; `external_identity` keeps that somebody was here and is to be let in by no old token.
 */
export const KEPT_TABLES: readonly string[] = [
  'usage_record',
  'audit_entry',
  'side_call',
  'external_identity',
];
