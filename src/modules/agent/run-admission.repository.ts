import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { CHANNEL } from '../../database/control-connection.js';
import type { UserPart } from '../../shared/llm/content-part.js';
import { formatUsd } from '../../shared/money/usd.js';
import type { QuotaAmount } from '../rate-limit/index.js';
import type { RunPrompt } from './prompts/prompt.js';
import type { OnConflict, RunEndpoint, RunRequestRecord } from './run.js';
import { toStorableJson } from './storable-json.js';

export interface Admission {
  readonly runId: string;
  readonly userId: string;
  /** The process that drives the run if it can begin at once. */
  readonly owner: string;
  readonly agent: string;
  readonly model: string;
  /** What its system prompt is made of, for good; `null`: its agent's instructions. */
  readonly prompt: RunPrompt | null;
  readonly endpoint: RunEndpoint;
  readonly request: RunRequestRecord;
  readonly messageId: string;
  readonly parts: readonly UserPart[];
  readonly now: Date;
  /** When the conversation ends unless it goes on. */
  readonly expiresAt: Date;
  /** What is held for its first model call; counted again from here when the quota store loses its memory. */
  readonly reserved: QuotaAmount;
  /** The key that this request has claimed; the run is its run from here on. */
  readonly idempotencyKey?: string;
}

export type AdmissionOutcome =
  /** It is ours and runs. */
  | { readonly outcome: 'started'; readonly messageSeq: number; readonly admittedAt: Date }
  | { readonly outcome: 'queued'; readonly ordinal: number }
  /** The conversation is not this user's, has expired or never was. */
  | { readonly outcome: 'no_conversation' }
  /** Another run is active in the conversation, or waits there. */
  | { readonly outcome: 'conflict'; readonly activeRunId: string | undefined }
  /** The request took so long that its idempotency key counts as abandoned. */
  | { readonly outcome: 'claim_lost' };

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** Between a refusal and the look at what was in the way, that may have ended: then it is tried again. */
const ATTEMPTS = 3;

const BUSY = `('running', 'waiting')`;

/*
 * The transaction that makes a run: the user's message and the run are there together or not at all. It is one statement
 * wherever that is exact. The conversation's row orders everything: whoever changes it knows how many runs wait, and the
 * unique index over active runs decides between two that begin at once.
 */
@Injectable()
export class RunAdmissionRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Begins a conversation with a run that starts at once. Its id is new, so it cannot conflict. */
  async startInNewConversation(
    sessionId: string,
    title: string,
    admission: Admission,
  ): Promise<AdmissionOutcome> {
    const statement = new AdmissionStatement(sessionId, admission);
    const rows = await this.dataSource.query<{ seq: number; admitted_at: Date }[]>(
      statement.sql(
        `INSERT INTO conversation (id, user_id, title, next_seq, next_ordinal, created_at, updated_at, expires_at)
         SELECT $1::uuid, $2::uuid, ${statement.add(title)}::text, 2, 2, $11::timestamptz, $11::timestamptz, $12::timestamptz
          WHERE ${statement.holdsKey} RETURNING id, 1 AS seq, 1 AS ordinal`,
        'running',
      ),
      statement.parameters,
    );
    return rows[0]
      ? { outcome: 'started', messageSeq: rows[0].seq, admittedAt: rows[0].admitted_at }
      : { outcome: 'claim_lost' };
  }

  /** Begins a conversation with a run that waits for a worker. */
  async queueInNewConversation(
    sessionId: string,
    title: string,
    admission: Admission,
  ): Promise<AdmissionOutcome> {
    const statement = new AdmissionStatement(sessionId, admission);
    const rows = await this.dataSource.query<{ ordinal: number }[]>(
      statement.sql(
        `INSERT INTO conversation (id, user_id, title, next_seq, next_ordinal, queued_runs, created_at, updated_at, expires_at)
         SELECT $1::uuid, $2::uuid, ${statement.add(title)}::text, 1, 2, 1, $11::timestamptz, $11::timestamptz, $12::timestamptz
          WHERE ${statement.holdsKey} RETURNING id, 0 AS seq, 1 AS ordinal`,
        'queued',
      ),
      statement.parameters,
    );
    return rows[0] ? { outcome: 'queued', ordinal: rows[0].ordinal } : { outcome: 'claim_lost' };
  }

  /** Goes on with a conversation: starts at once when nothing is in the way, else does what `onConflict` says. */
  async startInConversation(
    sessionId: string,
    admission: Admission,
    onConflict: OnConflict,
  ): Promise<AdmissionOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      const started = await this.tryToStart(sessionId, admission);
      if (started) return started;
      const obstacle = await this.obstacle(sessionId, admission);
      if (obstacle.outcome !== 'conflict') return obstacle;
      if (onConflict !== 'reject') return this.queueBehind(sessionId, admission);
      if (obstacle.activeRunId !== undefined || attempt >= ATTEMPTS) return obstacle;
    }
  }

  /** Goes on with a conversation by a run that waits for a worker. */
  async queueInConversation(
    sessionId: string,
    admission: Admission,
    onConflict: OnConflict,
  ): Promise<AdmissionOutcome> {
    if (onConflict !== 'reject') return this.queueBehind(sessionId, admission);
    // What is active has to be looked at under the conversation's lock, by a statement that begins after it was taken.
    return this.dataSource.transaction(async (manager) => {
      const rows = await manager.query<{ is_busy: boolean }[]>(
        `SELECT queued_runs > 0 AS is_busy FROM conversation WHERE id = $1 AND user_id = $2 AND expires_at > $3 FOR UPDATE`,
        [sessionId, admission.userId, admission.now],
      );
      const busy = await this.obstacle(sessionId, admission, manager);
      if (!rows[0] || busy.outcome !== 'conflict' || busy.activeRunId !== undefined) return busy;
      return this.queue(sessionId, admission, manager);
    });
  }

  /** Asks all runs of the conversation before this one to end. Returns those that had begun. */
  async cancelBefore(sessionId: string, userId: string, ordinal: number): Promise<string[]> {
    const [rows] = await this.dataSource.query<[{ id: string; is_active: boolean }[], number]>(
      `UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
        WHERE conversation_id = $1 AND user_id = $2 AND ordinal < $3 AND status IN ('queued', 'running', 'waiting')
       RETURNING id, status <> 'queued' AS is_active, pg_notify('${CHANNEL}', 'cancel ' || id)`,
      [sessionId, userId, ordinal],
    );
    return rows.filter((row) => row.is_active).map((row) => row.id);
  }

  private async tryToStart(sessionId: string, admission: Admission): Promise<AdmissionOutcome | undefined> {
    const statement = new AdmissionStatement(sessionId, admission);
    try {
      const rows = await this.dataSource.query<{ seq: number; admitted_at: Date }[]>(
        statement.sql(
          `UPDATE conversation
              SET next_seq = next_seq + 1, next_ordinal = next_ordinal + 1, updated_at = $11,
                  expires_at = greatest(expires_at, $12)
            WHERE id = $1 AND user_id = $2 AND expires_at > $11 AND queued_runs = 0 AND ${statement.holdsKey}
              -- The index decides; looking first means that nobody waits there for a run that is just being closed, which
              -- itself waits for this row.
              AND NOT EXISTS (SELECT 1 FROM run a WHERE a.conversation_id = $1 AND a.status IN ${BUSY})
           RETURNING id, next_seq - 1 AS seq, next_ordinal - 1 AS ordinal`,
          'running',
        ),
        statement.parameters,
      );
      return rows[0] && { outcome: 'started', messageSeq: rows[0].seq, admittedAt: rows[0].admitted_at };
    } catch (error) {
      const code = sqlState(error);
      // The conversation was erased between its UPDATE and the check of the key.
      if (code === FOREIGN_KEY_VIOLATION) return { outcome: 'no_conversation' };
      if (code === UNIQUE_VIOLATION) return undefined;
      throw error;
    }
  }

  /** Queues the run whatever is in the way. */
  private async queueBehind(sessionId: string, admission: Admission): Promise<AdmissionOutcome> {
    const queued = await this.queue(sessionId, admission, this.dataSource.manager);
    return queued.outcome === 'no_conversation' ? this.obstacle(sessionId, admission) : queued;
  }

  private async queue(
    sessionId: string,
    admission: Admission,
    manager: EntityManager,
  ): Promise<AdmissionOutcome> {
    const statement = new AdmissionStatement(sessionId, admission);
    const rows = await manager.query<{ ordinal: number }[]>(
      statement.sql(
        `UPDATE conversation
            SET next_ordinal = next_ordinal + 1, queued_runs = queued_runs + 1, updated_at = $11,
                expires_at = greatest(expires_at, $12)
          WHERE id = $1 AND user_id = $2 AND expires_at > $11 AND ${statement.holdsKey}
         RETURNING id, 0 AS seq, next_ordinal - 1 AS ordinal`,
        'queued',
      ),
      statement.parameters,
    );
    return rows[0] ? { outcome: 'queued', ordinal: rows[0].ordinal } : { outcome: 'no_conversation' };
  }

  /** Why a run could not be admitted. A conflict without an id: what was in the way has gone. */
  private async obstacle(
    sessionId: string,
    { userId, now, idempotencyKey, runId }: Admission,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<AdmissionOutcome> {
    const [found] = await manager.query<{ has_key: boolean; active_run_id: string | null }[]>(
      `SELECT ($4::text IS NULL OR EXISTS (
                SELECT 1 FROM idempotency_key k WHERE k.user_id = $2 AND k.key = $4 AND k.run_id = $5)) AS has_key,
              (SELECT r.id FROM run r WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running', 'waiting')
                ORDER BY r.status IN ${BUSY} DESC, r.ordinal LIMIT 1) AS active_run_id
         FROM conversation c WHERE c.id = $1 AND c.user_id = $2 AND c.expires_at > $3`,
      [sessionId, userId, now, idempotencyKey ?? null, runId],
    );
    if (!found) return { outcome: 'no_conversation' };
    if (!found.has_key) return { outcome: 'claim_lost' };
    return { outcome: 'conflict', activeRunId: found.active_run_id ?? undefined };
  }
}

/** Builds the one statement: [key →] place in the conversation → run [→ message] [→ key]. */
class AdmissionStatement {
  readonly parameters: unknown[];
  /** A condition that is false when the key that was claimed is somebody else's by now. */
  readonly holdsKey: string;
  private readonly keyParameter: string | undefined;

  constructor(sessionId: string, admission: Admission) {
    this.parameters = [
      sessionId,
      admission.userId,
      admission.runId,
      admission.owner,
      admission.agent,
      admission.model,
      admission.endpoint,
      toStorableJson(admission.request),
      admission.messageId,
      toStorableJson(admission.parts),
      admission.now,
      admission.expiresAt,
      admission.reserved.tokens,
      formatUsd(admission.reserved.cost),
      admission.prompt?.name ?? null,
      admission.prompt?.version ?? null,
    ];
    this.keyParameter =
      admission.idempotencyKey === undefined ? undefined : `${this.add(admission.idempotencyKey)}::text`;
    this.holdsKey = this.keyParameter === undefined ? 'true' : 'EXISTS (SELECT 1 FROM held)';
  }

  add(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }

  sql(place: string, status: 'running' | 'queued'): string {
    const isRunning = status === 'running';
    const key = this.keyParameter;
    return `WITH
      ${key === undefined ? '' : `held AS (SELECT 1 FROM idempotency_key WHERE user_id = $2 AND key = ${key} AND run_id = $3 FOR UPDATE),`}
      place AS (${place}),
      new_run AS (
        INSERT INTO run (id, user_id, conversation_id, ordinal, status, owner, epoch, agent, model, endpoint, request,
                         is_background, user_message_id, input, created_at, started_at, deadline_at, reserved_tokens,
                         reserved_cost, prompt_name, prompt_version)
        SELECT $3::uuid, $2::uuid, place.id, place.ordinal, '${status}', ${isRunning ? '$4::uuid' : 'NULLIF($4::uuid, $4::uuid)'},
               ${isRunning ? 1 : 0}, $5, $6, $7, $8::jsonb, $7 = 'runs', $9::uuid, ${isRunning ? 'NULL' : '$10::jsonb'},
               clock_timestamp(),
               ${isRunning ? `clock_timestamp(), clock_timestamp() + make_interval(secs => ($8::jsonb->>'timeoutMs')::float / 1000)` : 'NULL, NULL'},
               ${isRunning ? '$13::bigint, $14::numeric' : 'NULLIF($13::bigint, $13::bigint), NULLIF($14::numeric, $14::numeric)'},
               $15::text, $16::integer
          FROM place RETURNING started_at)
      ${
        isRunning
          ? `, new_message AS (
        INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
        SELECT $9::uuid, place.id, $2::uuid, place.seq, 'user', $10::jsonb, 'complete', $3::uuid, $11::timestamptz FROM place)`
          : ''
      }
      ${
        key === undefined
          ? ''
          : `, used AS (
        UPDATE idempotency_key SET session_id = place.id FROM place WHERE idempotency_key.user_id = $2 AND key = ${key})`
      }
      SELECT seq, ordinal, (SELECT started_at FROM new_run) AS admitted_at${isRunning ? '' : `, pg_notify('${CHANNEL}', 'queue')`} FROM place`;
  }
}

function sqlState(error: unknown): string | undefined {
  return error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
}
