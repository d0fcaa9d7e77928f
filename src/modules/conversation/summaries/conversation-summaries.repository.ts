import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { StoredMessage } from '../conversation.js';
import { MESSAGE_COLUMNS, type MessageRow, toStoredMessage } from '../stored-message.js';

/** A conversation that one process may sum up for a while. */
export interface SummaryClaim {
  readonly claimId: string;
  readonly userId: string;
  readonly conversationId: string;
  /** In a row, before this try. */
  readonly failures: number;
  readonly previous:
    { readonly version: number; readonly text: string; readonly coversToSeq: number } | undefined;
}

/** Longer than a summary may take. */
const LEASE_MS = 5 * 60_000;
/** What is looked at to see whether there is anything to do. */
const MAX_COUNTED = 1_000;

/** Summaries of conversations, and who writes the next one. */
@Injectable()
export class ConversationSummariesRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the conversation when more than `characters` of it are not summed up, nobody is at it, and no pause is on after a
   * failure. `undefined`: not so.
   */
  async claim(
    userId: string,
    conversationId: string,
    claimId: string,
    characters: number,
  ): Promise<SummaryClaim | undefined> {
    const [row] = await this.dataSource.query<
      { failures: number; version: number | null; text: string | null; covers_to_seq: number | null }[]
    >(
      `WITH latest AS MATERIALIZED (
         SELECT version, text, covers_to_seq FROM conversation_summary WHERE conversation_id = $1 ORDER BY version DESC LIMIT 1),
       open AS (
         SELECT length(m.parts::text) AS size FROM message m
          WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq > coalesce((SELECT covers_to_seq FROM latest), 0)
          ORDER BY m.seq DESC LIMIT ${MAX_COUNTED}),
       claimed AS (
         INSERT INTO conversation_upkeep (conversation_id, claim, claimed_until)
         SELECT c.id, $3::uuid, clock_timestamp() + make_interval(secs => ${LEASE_MS / 1000}) FROM conversation c
          WHERE c.id = $1 AND c.user_id = $2 AND (SELECT sum(size) FROM open) > $4
         ON CONFLICT (conversation_id) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until
          WHERE conversation_upkeep.claimed_until < clock_timestamp()
         RETURNING failures)
       SELECT claimed.failures, latest.* FROM claimed LEFT JOIN latest ON true`,
      [conversationId, userId, claimId, characters],
    );
    if (!row) return undefined;
    const { failures, version, text, covers_to_seq: coversToSeq } = row;
    return {
      claimId,
      userId,
      conversationId,
      failures,
      previous: version === null ? undefined : { version, text: text!, coversToSeq: coversToSeq! },
    };
  }

  /** The messages that the last summary does not cover, oldest first. */
  async uncovered(
    { userId, conversationId, previous }: SummaryClaim,
    limit: number,
  ): Promise<StoredMessage[]> {
    const rows = await this.dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq > $3
        ORDER BY m.seq LIMIT $4`,
      [conversationId, userId, previous?.coversToSeq ?? 0, limit],
    );
    return rows.map(toStoredMessage);
  }

  /** Writes the next version and gives the claim back. False: it was somebody else's by then. */
  async add(
    { claimId, userId, conversationId, previous }: SummaryClaim,
    summary: {
      readonly text: string;
      readonly coversToSeq: number;
      readonly model: string;
      readonly createdAt: Date;
    },
  ): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `WITH held AS (
         UPDATE conversation_upkeep u SET claim = NULL, claimed_until = clock_timestamp(), failures = 0
           FROM conversation c WHERE u.conversation_id = $1 AND u.claim = $3 AND c.id = u.conversation_id AND c.user_id = $2
         RETURNING u.conversation_id)
       INSERT INTO conversation_summary (conversation_id, version, covers_to_seq, text, model, created_at)
       SELECT conversation_id, $4, $5, $6, $7, $8 FROM held RETURNING version`,
      [
        conversationId,
        userId,
        claimId,
        (previous?.version ?? 0) + 1,
        summary.coversToSeq,
        summary.text,
        summary.model,
        summary.createdAt,
      ],
    );
    return rows.length > 0;
  }

  /** Nothing was written; nobody tries again before the pause is over. */
  async giveBack(
    { claimId, conversationId }: SummaryClaim,
    pauseMs: number,
    isFailure: boolean,
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE conversation_upkeep
          SET claim = NULL, claimed_until = clock_timestamp() + make_interval(secs => $3::float / 1000),
              failures = CASE WHEN $4 THEN failures + 1 ELSE failures END
        WHERE conversation_id = $1 AND claim = $2`,
      [conversationId, claimId, pauseMs, isFailure],
    );
  }
}
