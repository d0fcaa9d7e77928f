import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError } from 'typeorm';
import type { UserPart } from '../../shared/llm/content-part.js';
import type { RunEndpoint } from './run.js';
import { toStorableJson } from './storable-json.js';

export interface Admission {
  readonly runId: string;
  readonly userId: string;
  readonly owner: string;
  readonly agent: string;
  readonly model: string;
  readonly endpoint: RunEndpoint;
  readonly request: unknown;
  readonly messageId: string;
  readonly parts: readonly UserPart[];
  readonly now: Date;
  /** When the conversation ends unless it goes on. */
  readonly expiresAt: Date;
}

export type AdmissionOutcome =
  | { readonly outcome: 'admitted'; readonly messageSeq: number }
  /** The conversation is not this user's, has expired or never was. */
  | { readonly outcome: 'no_conversation' }
  /** Another run is active in the conversation. It may have ended by now: then there is no id. */
  | { readonly outcome: 'conflict'; readonly activeRunId: string | undefined };

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

const RUN_AND_MESSAGE = `
  new_run AS (
    INSERT INTO run (id, user_id, conversation_id, status, owner, agent, model, endpoint, request, created_at, started_at)
    SELECT $3::uuid, $2::uuid, place.id, 'running', $4::uuid, $5, $6, $7, $8::jsonb, $11::timestamptz, $11::timestamptz
      FROM place),
  new_message AS (
    INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
    SELECT $9::uuid, place.id, $2::uuid, place.seq, 'user', $10::jsonb, 'complete', $3::uuid, $11::timestamptz FROM place)
  SELECT seq FROM place`;

/** The one transaction that makes a run: the user's message and the run are there together or not at all. */
@Injectable()
export class RunAdmissionRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Begins a conversation. Its id is new, so it cannot conflict. */
  async admitToNewConversation(
    conversationId: string,
    title: string,
    admission: Admission,
  ): Promise<AdmissionOutcome> {
    return this.admit(
      `WITH place AS (
         INSERT INTO conversation (id, user_id, title, next_seq, created_at, updated_at, expires_at)
         VALUES ($1, $2, $13, 2, $11, $11, $12) RETURNING id, 1 AS seq),
       ${RUN_AND_MESSAGE}`,
      conversationId,
      admission,
      [title],
    );
  }

  async admitToConversation(conversationId: string, admission: Admission): Promise<AdmissionOutcome> {
    return this.admit(
      `WITH place AS (
         UPDATE conversation SET next_seq = next_seq + 1, updated_at = $11, expires_at = greatest(expires_at, $12)
          WHERE id = $1 AND user_id = $2 AND expires_at > $11 RETURNING id, next_seq - 1 AS seq),
       ${RUN_AND_MESSAGE}`,
      conversationId,
      admission,
      [],
    );
  }

  private async admit(
    sql: string,
    conversationId: string,
    admission: Admission,
    more: unknown[],
  ): Promise<AdmissionOutcome> {
    try {
      const rows = await this.dataSource.query<{ seq: number }[]>(sql, [
        conversationId,
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
        ...more,
      ]);
      const place = rows[0];
      return place ? { outcome: 'admitted', messageSeq: place.seq } : { outcome: 'no_conversation' };
    } catch (error) {
      const code =
        error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
      // The conversation was erased between its UPDATE and the check of the key.
      if (code === FOREIGN_KEY_VIOLATION) return { outcome: 'no_conversation' };
      if (code !== UNIQUE_VIOLATION) throw error;
      return { outcome: 'conflict', activeRunId: await this.activeRunOf(admission.userId, conversationId) };
    }
  }

  private async activeRunOf(userId: string, conversationId: string): Promise<string | undefined> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM run WHERE conversation_id = $1 AND user_id = $2 AND status IN ('running', 'waiting')`,
      [conversationId, userId],
    );
    return rows[0]?.id;
  }
}
