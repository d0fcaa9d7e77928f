import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { toSignature } from '../../../src/modules/conversation/recall/to-signature.js';

/** Ids that mean the same in every test. `of`: one for each of the two users. */
export const OWNER = v7();
export const STRANGER = v7();
const of = (): Readonly<Record<string, string>> => ({ [OWNER]: v7(), [STRANGER]: v7() });

export const CONVERSATION = of();
/** Conversations in which something runs. */
export const BUSY = of();
/** Runs of keys that were claimed and not admitted. */
export const KEYED_RUN = of();
const RUNNING = of();
export const RUN = RUNNING[OWNER]!;
export const QUEUED_RUN = v7();
export const WAITING_RUN = v7();
const OTHER_RUN = v7();
const EMPTY_CONVERSATION = v7();
/** A run that went with its conversation: the ledger alone knows it. */
export const GONE_RUN = v7();
export const FAMILY = v7();
export const MESSAGE = v7();
/** Its vector is being made. */
export const OTHER_MESSAGE = v7();
export const SUMMARY_CLAIM = v7();
export const FACT = v7();
export const API_KEY = v7();
export const SIDE_CALL = v7();
export const MODEL = 'an-embedding-model';
export const VECTOR = new Float32Array([1, 0, 0]);
export const NOW = new Date('2026-11-24T09:00:00Z');

const USAGE = `input_tokens, output_tokens, cost_usd, admitted_at, created_at`;

/** A user with an idle and a busy conversation, and a key of their own. Plain SQL: the repositories are what is tested. */
async function addUser(dataSource: DataSource, userId: string): Promise<void> {
  await dataSource.query(`
    INSERT INTO user_account (id, email, password_hash, tier, roles, memory_enabled, created_at, updated_at)
      VALUES ('${userId}', '${userId}@example.com', 'x', 'free', '{user}', true, now(), now());
    INSERT INTO conversation (id, user_id, title, next_seq, next_ordinal, created_at, updated_at, expires_at)
      SELECT id, '${userId}', 'a title', 3, 3, now(), now(), '2100-01-01'
        FROM unnest(ARRAY['${CONVERSATION[userId]}', '${BUSY[userId]}']::uuid[]) AS id;
    INSERT INTO run (id, user_id, conversation_id, ordinal, status, owner, agent, model, endpoint, request, created_at, started_at)
      VALUES ('${RUNNING[userId]}', '${userId}', '${BUSY[userId]}', 1, 'running', '${RUNNING[userId]}', 'default', 'm', 'chat', '{}',
              now(), now());
    INSERT INTO idempotency_key (user_id, key, body_hash, run_id, claimed_until, created_at, expires_at)
      VALUES ('${userId}', 'claimed', 'x', '${KEYED_RUN[userId]}', '2100-01-01', now(), '2100-01-01')`);
}

export const addStranger = (dataSource: DataSource): Promise<void> => addUser(dataSource, STRANGER);

/** Somebody who has one of everything. */
export async function addOwner(dataSource: DataSource): Promise<void> {
  await addUser(dataSource, OWNER);
  const conversation = CONVERSATION[OWNER];
  await dataSource.query(`
    UPDATE conversation SET has_untrusted = true, has_private = true WHERE id = '${conversation}';
    INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, pinned, created_at)
      VALUES ('${MESSAGE}', '${conversation}', '${OWNER}', 1, 'user', '[{"type":"text","text":"about elephants"}]', 'complete', true, now()),
             ('${OTHER_MESSAGE}', '${conversation}', '${OWNER}', 2, 'assistant', '[{"type":"text","text":"large"}]', 'complete', false, now());
    INSERT INTO message_vector (message_id, conversation_id, user_id, seq, model, bits, vector)
      VALUES ('${MESSAGE}', '${conversation}', '${OWNER}', 1, '${MODEL}', '${toSignature(VECTOR)}', '{1,0,0}');
    INSERT INTO message_vector (message_id, conversation_id, user_id, seq, model, claimed_until)
      VALUES ('${OTHER_MESSAGE}', '${conversation}', '${OWNER}', 2, '${MODEL}', '2100-01-01');
    INSERT INTO conversation_summary (conversation_id, version, covers_to_seq, text, model, created_at)
      VALUES ('${conversation}', 1, 1, 'elephants', 'm', now());
    INSERT INTO conversation_upkeep (conversation_id, claim, claimed_until)
      VALUES ('${conversation}', '${SUMMARY_CLAIM}', now());
    INSERT INTO run (id, user_id, conversation_id, ordinal, status, epoch, agent, model, endpoint, request, created_at, ended_at)
      VALUES (gen_random_uuid(), '${OWNER}', '${conversation}', 1, 'completed', 1, 'default', 'm', 'chat', '{}', now(), now());
    INSERT INTO user_memory (id, user_id, text, origin, is_tainted, created_at, updated_at)
      VALUES ('${FACT}', '${OWNER}', 'likes elephants', 'tool', true, now(), now());

    INSERT INTO step (run_id, seq, step, kind, status, started_at) VALUES ('${RUN}', 1, 1, 'model', 'done', now());
    INSERT INTO step (run_id, seq, step, kind, status, tool_name, started_at)
      VALUES ('${RUN}', 2, 1, 'tool', 'done', 'a_tool', now());
    INSERT INTO run_event (run_id, first_id, last_id, is_settled, events)
      VALUES ('${RUN}', 1, 1, false, '[{"type":"step-restart","step":1,"discardAfter":0,"isTailLost":true}]');
    INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, ${USAGE})
      SELECT id, 1, 1, '${OWNER}', 'free', 'chat', 'p', 'm', 'measured', 10, 1, 0.5, '${NOW.toISOString()}', now()
        FROM unnest(ARRAY['${RUN}', '${GONE_RUN}']::uuid[]) AS id;
    INSERT INTO side_call (id, user_id, tier, endpoint, provider, model, input_tokens, reserved_tokens, reserved_cost, started_at)
      VALUES ('${SIDE_CALL}', '${OWNER}', 'free', 'summary', 'p', 'm', 10, 20, 0.1, now());
    INSERT INTO alert (id, user_id, kind, scope, threshold, period, limit_usd, spent_usd, created_at)
      VALUES (gen_random_uuid(), '${OWNER}', 'budget', 'day', 80, '2026-11-24', 1, 0.8, now());

    UPDATE conversation SET queued_runs = 1 WHERE id = '${BUSY[OWNER]}';
    INSERT INTO run (id, user_id, conversation_id, ordinal, status, epoch, agent, model, endpoint, request, created_at)
      VALUES ('${QUEUED_RUN}', '${OWNER}', '${BUSY[OWNER]}', 2, 'queued', 0, 'default', 'm', 'chat', '{}', now());
    INSERT INTO conversation (id, user_id, title, next_seq, next_ordinal, created_at, updated_at, expires_at)
      SELECT id, '${OWNER}', 'a title', 2, 2, now(), now(), '2100-01-01'
        FROM unnest(ARRAY['${WAITING_RUN}', '${OTHER_RUN}', '${EMPTY_CONVERSATION}']::uuid[]) AS id;
    INSERT INTO run (id, user_id, conversation_id, ordinal, status, owner, agent, model, endpoint, request, created_at, started_at)
      VALUES ('${OTHER_RUN}', '${OWNER}', '${OTHER_RUN}', 1, 'running', gen_random_uuid(), 'default', 'm', 'chat', '{}', now(), now());
    INSERT INTO run (id, user_id, conversation_id, ordinal, status, epoch, agent, model, endpoint, request, created_at)
      VALUES ('${WAITING_RUN}', '${OWNER}', '${WAITING_RUN}', 1, 'waiting', 1, 'default', 'm', 'chat', '{}', now());
    INSERT INTO tool_approval (run_id, seq, user_id, call_id, tool_name, input, call_hash, requested_at, expires_at)
      VALUES ('${WAITING_RUN}', 1, '${OWNER}', 'call', 'a_tool', '{}', 'x', now(), '2100-01-01');

    INSERT INTO idempotency_key (user_id, key, body_hash, run_id, session_id, claimed_until, created_at, expires_at)
      VALUES ('${OWNER}', 'used', 'x', '${RUN}', '${BUSY[OWNER]}', now(), now(), '2100-01-01');
    INSERT INTO tool_credential (user_id, server, sealed, updated_at) VALUES ('${OWNER}', 'a-server', 'x', now());
    INSERT INTO refresh_token (id, family_id, user_id, token_hash, created_at, expires_at)
      VALUES (gen_random_uuid(), '${FAMILY}', '${OWNER}', 'live', now(), '2100-01-01'),
             (gen_random_uuid(), gen_random_uuid(), '${OWNER}', 'expired', now(), '2020-01-01');
    INSERT INTO api_key (id, user_id, name, prefix, key_hash, scopes, created_at)
      VALUES ('${API_KEY}', '${OWNER}', 'a key', 'pk', 'a key', '{agent:run}', now());
    INSERT INTO account_token (id, user_id, purpose, token_hash, email, created_at, expires_at)
      VALUES (gen_random_uuid(), '${OWNER}', 'password_reset', 'reset', '${OWNER}@example.com', now(), '2100-01-01'),
             (gen_random_uuid(), '${OWNER}', 'email_change', 'change', 'new@example.com', now(), '2100-01-01');
    INSERT INTO external_identity (identity_hash, user_id, issuer, created_at) VALUES ('identity', '${OWNER}', 'i', now())`);
}

/** A query whose answer changes with anything that is the owner's. */
export async function ownerStateQuery(dataSource: DataSource): Promise<string> {
  const tables = await dataSource.query<{ table_name: string }[]>(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const lines = tables.map(({ table_name: name }) => `SELECT '${name}' || t::text AS line FROM "${name}" t`);
  return `SELECT md5(string_agg(line, ',' ORDER BY line)) AS state FROM (${lines.join(' UNION ALL ')}) AS lines
           WHERE line NOT LIKE '%${STRANGER}%' AND line NOT LIKE '%${CONVERSATION[STRANGER]}%'`;
}
