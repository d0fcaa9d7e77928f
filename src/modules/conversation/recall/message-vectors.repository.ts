import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { toSignature } from './to-signature.js';

/** A message that waits for its vector. The claim is this process's for a while. */
export interface UnembeddedMessage {
  readonly id: string;
  readonly userId: string;
  /** Empty: there is nothing to embed. */
  readonly text: string;
}

export interface SweepStep {
  readonly messages: readonly UnembeddedMessage[];
  /** Where the next step begins; `undefined`: there are no more. */
  readonly next: string | undefined;
}

interface ClaimedRow {
  id: string;
  user_id: string;
  text: string | null;
}

/** Longer than a batch takes; what has no vector then belonged to a process that died. */
const LEASE_MS = 5 * 60_000;
/** Of a conversation's newest messages: what a run may have added, and more. The rest is the sweep's. */
const RECENT = 200;
const PAGE = 500;
/** Of what is embedded of a message; providers cut at the same length. */
const MAX_CHARACTERS = 8_000;

const NEEDS_VECTOR = `(v.message_id IS NULL OR v.model <> $1 OR v.claimed_until < clock_timestamp())`;

/** What is found in `missing` becomes this process's, unless another one is faster. What tools answered is not embedded. */
const CLAIM = `
  claimed AS (
    INSERT INTO message_vector (message_id, conversation_id, user_id, seq, model, claimed_until)
    SELECT id, conversation_id, user_id, seq, $1, clock_timestamp() + make_interval(secs => ${LEASE_MS / 1000}) FROM missing
    ON CONFLICT (message_id) DO UPDATE
       SET model = excluded.model, bits = NULL, vector = NULL, claimed_until = excluded.claimed_until
     WHERE message_vector.model <> excluded.model OR message_vector.claimed_until < clock_timestamp()
    RETURNING message_id)`;
const CLAIMED_TEXT = `
  SELECT m.id, m.user_id, CASE WHEN m.role <> 'tool' THEN left(message_text(m.parts), ${MAX_CHARACTERS}) END AS text
    FROM claimed JOIN message m ON m.id = claimed.message_id`;

/** What messages mean. Vectors belong to a message and go with it. */
@Injectable()
export class MessageVectorsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Takes the newest messages of a conversation that have no vector of this model. */
  async claimRecent(
    userId: string,
    conversationId: string,
    model: string,
    limit: number,
  ): Promise<UnembeddedMessage[]> {
    const rows = await this.dataSource.query<ClaimedRow[]>(
      `WITH missing AS (
         SELECT m.id, m.conversation_id, m.user_id, m.seq
           FROM (SELECT * FROM message WHERE conversation_id = $2 AND user_id = $3 ORDER BY seq DESC LIMIT ${RECENT}) AS m
           LEFT JOIN message_vector v ON v.message_id = m.id
          WHERE ${NEEDS_VECTOR} ORDER BY m.seq DESC LIMIT $4),
       ${CLAIM} ${CLAIMED_TEXT}`,
      [model, conversationId, userId, limit],
    );
    return rows.map(toUnembedded);
  }

  /** Over all users: the same for the messages whose id comes after `after`, a page at a time. */
  async claimMissed(model: string, after: string, limit: number): Promise<SweepStep> {
    const rows = await this.dataSource.query<(Partial<ClaimedRow> & { next: string | null })[]>(
      `WITH page AS MATERIALIZED (SELECT * FROM message WHERE id > $2::uuid ORDER BY id LIMIT ${PAGE}),
       missing AS MATERIALIZED (
         SELECT m.id, m.conversation_id, m.user_id, m.seq FROM page m LEFT JOIN message_vector v ON v.message_id = m.id
          WHERE ${NEEDS_VECTOR} ORDER BY m.id LIMIT $3),
       ${CLAIM}
       SELECT found.*, coalesce((SELECT id FROM missing ORDER BY id OFFSET $3 - 1 LIMIT 1),
                                (SELECT id FROM page ORDER BY id OFFSET ${PAGE - 1} LIMIT 1)) AS next
         FROM (SELECT 1) AS one LEFT JOIN (${CLAIMED_TEXT}) AS found ON true`,
      [model, after, limit],
    );
    return {
      messages: rows.flatMap((row) => (row.id ? [toUnembedded(row as ClaimedRow)] : [])),
      next: rows[0]?.next ?? undefined,
    };
  }

  /** A message without a vector here has none: it is not asked for again. Only while they are claimed for this model. */
  async store(
    userId: string,
    model: string,
    embedded: readonly { readonly id: string; readonly vector: Float32Array | undefined }[],
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE message_vector v SET bits = r.bits::bit(256), vector = r.vector, claimed_until = NULL
         FROM jsonb_to_recordset($3::jsonb) AS r(id uuid, bits text, vector real[])
        WHERE v.message_id = r.id AND v.user_id = $1 AND v.model = $2`,
      [
        userId,
        model,
        JSON.stringify(
          embedded.map(({ id, vector }) =>
            vector ? { id, bits: toSignature(vector), vector: Array.from(vector) } : { id },
          ),
        ),
      ],
    );
  }

  /** They could not be embedded; anybody may try again after the pause. */
  async release(userId: string, ids: readonly string[], pauseMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE message_vector SET claimed_until = clock_timestamp() + make_interval(secs => $3::float / 1000)
        WHERE message_id = ANY ($1::uuid[]) AND user_id = $2 AND bits IS NULL`,
      [ids, userId, pauseMs],
    );
  }
}

function toUnembedded(row: ClaimedRow): UnembeddedMessage {
  return { id: row.id, userId: row.user_id, text: row.text?.trim() ?? '' };
}
