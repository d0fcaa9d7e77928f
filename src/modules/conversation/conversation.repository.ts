import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Conversation, ConversationCursor, StoredMessage } from './conversation.js';
import { type ContextRow, MAX_PINNED, toContext } from './summaries/context-rows.js';
import type { ConversationContext } from './summaries/conversation-context.js';
import { MESSAGE_COLUMNS, type MessageRow, toStoredMessage } from './stored-message.js';

interface ConversationRow {
  id: string;
  title: string;
  created_at: Date;
  updated_at: Date;
  expires_at: Date;
}

const CONVERSATION_COLUMNS = 'id, title, created_at, updated_at, expires_at';

/** Of a search; the longest. */
const MAX_WORDS = 16;
/** Messages of its user that a search looks at: a bound on what a common word costs. */
const MAX_FOUND = 20_000;

/** $1 is the user, $5 what is searched for. What the index finds first is whose message it is, then the words. */
const WITH_WORDS = `WITH wanted AS MATERIALIZED (
    SELECT (quote_literal('@' || $1::uuid) || string_agg(' & ' || quote_literal(lexeme), ''))::tsquery AS query
      FROM (SELECT lexeme FROM unnest(text_terms($5)) ORDER BY length(lexeme) DESC LIMIT ${MAX_WORDS}) AS words),
  said AS MATERIALIZED (
    SELECT conversation_id FROM message_index
     WHERE terms @@ (SELECT query FROM wanted) AND user_id = $1 LIMIT ${MAX_FOUND})`;

/**
 * Conversations and their messages. Every method that reads or changes a conversation takes the owner's id and puts it
 * into the statement: there is no way to name a conversation without saying whose it is.
 */
@Injectable()
export class ConversationRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Newest first. `search` matches anywhere in the title, as plain text, or a message that has all of its words, in whatever
   * form.
   */
  async findPage(
    userId: string,
    page: { now: Date; limit: number; after?: ConversationCursor; search?: string },
  ): Promise<Conversation[]> {
    const rows = await this.dataSource.query<ConversationRow[]>(
      `${page.search === undefined ? '' : WITH_WORDS}
       SELECT ${CONVERSATION_COLUMNS} FROM conversation
        WHERE user_id = $1 AND expires_at > $2
          AND ($3::timestamptz IS NULL OR (updated_at, id) < ($3, $4::uuid))
          AND ($5::text IS NULL OR strpos(lower(title), lower($5)) > 0
               ${page.search === undefined ? '' : 'OR id IN (SELECT conversation_id FROM said)'})
        ORDER BY updated_at DESC, id DESC LIMIT $6`,
      [
        userId,
        page.now,
        page.after?.updatedAt ?? null,
        page.after?.id ?? null,
        page.search ?? null,
        page.limit,
      ],
    );
    return rows.map(toConversation);
  }

  async findOne(userId: string, id: string, now: Date): Promise<Conversation | undefined> {
    const rows = await this.dataSource.query<ConversationRow[]>(
      `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE id = $1 AND user_id = $2 AND expires_at > $3`,
      [id, userId, now],
    );
    return rows[0] && toConversation(rows[0]);
  }

  /** The last `limit` messages before `beforeSeq`, oldest first. */
  async findMessages(
    userId: string,
    conversationId: string,
    page: { limit: number; beforeSeq?: number },
  ): Promise<StoredMessage[]> {
    const rows = await this.dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMNS} FROM message m
        WHERE conversation_id = $1 AND user_id = $2 AND ($3::integer IS NULL OR seq < $3)
        ORDER BY seq DESC LIMIT $4`,
      [conversationId, userId, page.beforeSeq ?? null, page.limit],
    );
    return rows.reverse().map(toStoredMessage);
  }

  /** What a model may be shown of the past. One statement; of what is not this user's there is nothing. */
  async findContext(
    userId: string,
    conversationId: string,
    { limit, beforeSeq }: { readonly limit: number; readonly beforeSeq: number },
  ): Promise<ConversationContext> {
    const rows = await this.dataSource.query<ContextRow[]>(
      `WITH summary AS MATERIALIZED (
         SELECT s.version, s.covers_to_seq, s.text, s.model, s.created_at
           FROM conversation_summary s JOIN conversation c ON c.id = s.conversation_id AND c.user_id = $2
          WHERE s.conversation_id = $1 AND s.covers_to_seq < $3
          ORDER BY s.version DESC LIMIT 1),
       recent AS (
         SELECT ${MESSAGE_COLUMNS} FROM message m
          WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq < $3
            AND m.seq > coalesce((SELECT covers_to_seq FROM summary), 0)
          ORDER BY m.seq DESC LIMIT $4),
       pinned AS (
         SELECT ${MESSAGE_COLUMNS} FROM message m
          WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.seq < $3 AND m.pinned
          ORDER BY m.seq DESC LIMIT ${MAX_PINNED})
       SELECT 'recent' AS place, recent.*, NULL::integer AS version, NULL AS text, NULL AS model FROM recent
       UNION ALL
       SELECT 'pinned', pinned.*, NULL, NULL, NULL FROM pinned
       UNION ALL
       SELECT 'summary', NULL, covers_to_seq, NULL, NULL, NULL, NULL, NULL, created_at, version, text, model FROM summary
       UNION ALL
       SELECT mark.place, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
         FROM conversation c, LATERAL (VALUES ('untrusted', c.has_untrusted), ('private', c.has_private)) AS mark(place, is_set)
        WHERE c.id = $1 AND c.user_id = $2 AND mark.is_set
        ORDER BY seq`,
      [conversationId, userId, beforeSeq, limit],
    );
    return toContext(rows);
  }

  async rename(userId: string, id: string, title: string, now: Date): Promise<Conversation | undefined> {
    const [rows] = await this.dataSource.query<[ConversationRow[], number]>(
      `UPDATE conversation SET title = $3, title_source = 'user' WHERE id = $1 AND user_id = $2 AND expires_at > $4
       RETURNING ${CONVERSATION_COLUMNS}`,
      [id, userId, title, now],
    );
    return rows[0] && toConversation(rows[0]);
  }

  /**
   * Pins a message, or no longer. `undefined`: there is none of this user's. `'full'`: the conversation has MAX_PINNED already.
   */
  async pin(
    userId: string,
    conversationId: string,
    messageId: string,
    isPinned: boolean,
    now: Date,
  ): Promise<StoredMessage | 'full' | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // Two pins at once are counted one after the other.
      const [found] = await manager.query<unknown[]>(
        `SELECT 1 FROM conversation WHERE id = $1 AND user_id = $2 AND expires_at > $3 FOR UPDATE`,
        [conversationId, userId, now],
      );
      if (!found) return undefined;
      const [row] = await manager.query<(MessageRow & { others: string })[]>(
        `SELECT ${MESSAGE_COLUMNS},
                (SELECT count(*) FROM message o WHERE o.conversation_id = $1 AND o.pinned AND o.id <> m.id) AS others
           FROM message m WHERE m.id = $2 AND m.conversation_id = $1 AND m.user_id = $3`,
        [conversationId, messageId, userId],
      );
      if (!row) return undefined;
      if (isPinned && Number(row.others) >= MAX_PINNED) return 'full';
      await manager.query(`UPDATE message SET pinned = $3 WHERE id = $1 AND user_id = $2`, [
        messageId,
        userId,
        isPinned,
      ]);
      return toStoredMessage({ ...row, pinned: isPinned });
    });
  }

  /** Erases the conversation with its messages, runs and steps. False: there is none of this user's. */
  async remove(userId: string, id: string, now: Date): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM conversation WHERE id = $1 AND user_id = $2 AND expires_at > $3`,
      [id, userId, now],
    );
    return count > 0;
  }

  /**
   * Retention, over all users: erases up to `limit` conversations whose time is over. One with a run in progress waits
   * for that run. Returns how many went.
   */
  async removeExpired(now: Date, limit: number): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM conversation WHERE id IN (
         SELECT c.id FROM conversation c
          WHERE c.expires_at <= $1
            AND NOT EXISTS (SELECT 1 FROM run r WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running', 'waiting'))
          ORDER BY c.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [now, limit],
    );
    return count;
  }
}

function toConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    title: row.title,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
  };
}
