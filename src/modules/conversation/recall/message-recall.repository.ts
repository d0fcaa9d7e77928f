import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { MESSAGE_COLUMNS, type MessageRow, toStoredMessage } from '../stored-message.js';
import { toSignature } from './to-signature.js';

export interface RecallSearch {
  readonly userId: string;
  readonly conversationId: string;
  readonly text: string;
  readonly beforeSeq: number;
  readonly limit: number;
  /** What `text` means. `undefined`: only words are compared. */
  readonly meaning: { readonly model: string; readonly vector: Float32Array } | undefined;
}

export interface FoundTurn {
  readonly messages: readonly ReturnType<typeof toStoredMessage>[];
  readonly score: number;
}

interface FoundRow extends MessageRow {
  readonly turn: number;
  readonly score: number;
}

/** Of a question; the longest are taken, which are the rarest. */
const MAX_WORDS = 24;
/** Messages that one way of looking brings into the fusion. */
const CANDIDATES = 50;
/** Of a turn that is recalled. */
const MAX_MESSAGES_PER_TURN = 100;
/** BM25's: how much the length of a message counts. A word counts once, however often it is said. */
const LENGTH_WEIGHT = 0.4;
/** The nearest by signature, of which the CANDIDATES nearest by angle are taken. */
const NEAR = 100;
/** Of reciprocal rank fusion: how little the first places differ, and what a place by meaning counts beside one by words. */
const RANK_OFFSET = 4;
const MEANING_SHARE = 0.3;

/*
 * Messages of one conversation, ranked by their words (BM25, with the words' rarity in this conversation) and by what they
 * mean (the nearest by signature, then by cosine), fused by their ranks; a turn has the sum of its messages. The figures
 * above were tuned with `npm run recall:measure`. $1 conversation, $2 user, $3 before, $4 text, $5 limit, $6 model,
 * $7 signature, $8 vector.
 */
const FIND = `
  WITH word AS MATERIALIZED (
    SELECT lexeme, quote_literal(lexeme)::tsquery AS query FROM unnest(text_terms($4)) ORDER BY length(lexeme) DESC, lexeme
     LIMIT ${MAX_WORDS}),
  found AS MATERIALIZED (
    SELECT word.lexeme, i.seq, length(i.terms) AS size FROM message_index i JOIN word ON i.terms @@ word.query
     WHERE i.conversation_id = $1 AND i.user_id = $2 AND i.seq < $3),
  rarity AS MATERIALIZED (
    SELECT lexeme, ln(1 + (greatest($3::integer, count(*) + 1) - count(*) - 0.5) / (count(*) + 0.5)) AS weight FROM found GROUP BY lexeme),
  by_words AS MATERIALIZED (
    SELECT seq, row_number() OVER (ORDER BY score DESC, seq DESC) AS place
      FROM (SELECT seq, sum(weight) / (1 - ${LENGTH_WEIGHT} + ${LENGTH_WEIGHT} * size / (SELECT avg(size) FROM found)) AS score
              FROM found JOIN rarity USING (lexeme) GROUP BY seq, size) AS scored
     ORDER BY score DESC, seq DESC LIMIT ${CANDIDATES}),
  near AS MATERIALIZED (
    SELECT seq, vector FROM message_vector
     WHERE conversation_id = $1 AND user_id = $2 AND seq < $3 AND model = $6 AND bits IS NOT NULL
     ORDER BY bit_count(bits # $7::bit(256)), seq DESC LIMIT ${NEAR}),
  by_meaning AS MATERIALIZED (
    SELECT seq, row_number() OVER (ORDER BY likeness DESC, seq DESC) AS place
      FROM near CROSS JOIN LATERAL (SELECT sum(a * b) AS likeness FROM unnest(near.vector, $8::real[]) AS pair(a, b)) AS compared
     ORDER BY likeness DESC, seq DESC LIMIT ${CANDIDATES}),
  candidate AS (
    SELECT seq, sum(share) AS score
      FROM (SELECT seq, 1::float / (${RANK_OFFSET} + place) AS share FROM by_words
            UNION ALL
            SELECT seq, ${MEANING_SHARE}::float / (${RANK_OFFSET} + place) FROM by_meaning) AS shares
     GROUP BY seq),
  turn AS MATERIALIZED (
    SELECT coalesce(opening.seq, candidate.seq) AS seq, sum(candidate.score) AS score
      FROM candidate LEFT JOIN LATERAL (
        SELECT m.seq FROM message m WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq <= candidate.seq AND m.role = 'user'
         ORDER BY m.seq DESC LIMIT 1) AS opening ON true
     GROUP BY 1 ORDER BY 2 DESC, 1 DESC LIMIT $5)
  SELECT turn.seq AS turn, turn.score, said.*
    FROM turn CROSS JOIN LATERAL (
      SELECT ${MESSAGE_COLUMNS} FROM message m
       WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq >= turn.seq
         AND m.seq < coalesce((SELECT n.seq FROM message n WHERE n.conversation_id = $1 AND n.seq > turn.seq AND n.seq < $3
                                  AND n.role = 'user' ORDER BY n.seq LIMIT 1), $3)
       ORDER BY m.seq LIMIT ${MAX_MESSAGES_PER_TURN}) AS said
   ORDER BY turn.score DESC, turn.seq DESC, said.seq`;

/** Finds earlier turns of a conversation by what they are about. */
@Injectable()
export class MessageRecallRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Best first. One statement, within this user's conversation. */
  async find({
    userId,
    conversationId,
    text,
    beforeSeq,
    limit,
    meaning,
  }: RecallSearch): Promise<FoundTurn[]> {
    const rows = await this.dataSource.query<FoundRow[]>(FIND, [
      conversationId,
      userId,
      beforeSeq,
      text,
      limit,
      meaning?.model ?? null,
      meaning ? toSignature(meaning.vector) : null,
      meaning ? Array.from(meaning.vector) : null,
    ]);
    const turns = new Map<number, { messages: ReturnType<typeof toStoredMessage>[]; score: number }>();
    for (const row of rows) {
      const turn = turns.get(row.turn);
      if (turn) turn.messages.push(toStoredMessage(row));
      else turns.set(row.turn, { messages: [toStoredMessage(row)], score: row.score });
    }
    return [...turns.values()];
  }
}
