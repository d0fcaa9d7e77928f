import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';

/** What is said in a conversation: a user's message, an answer, or what a tool answered. */
export type Saying = readonly [role: 'user' | 'assistant' | 'tool', text: string];

/** A conversation of this user, with these messages numbered from 1. */
export async function aConversationOf(
  dataSource: DataSource,
  userId: string,
  sayings: readonly Saying[],
): Promise<string> {
  const id = v7();
  await dataSource.query(
    `INSERT INTO conversation (id, user_id, title, next_seq, created_at, updated_at, expires_at)
     VALUES ($1, $2, 'A title', $3, now(), now(), now() + interval '1 day')`,
    [id, userId, sayings.length + 1],
  );
  await dataSource.query(
    `INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
     SELECT s.id, $1, $2, s.seq, s.role, s.parts, 'complete', now()
       FROM jsonb_to_recordset($3::jsonb) AS s(id uuid, seq integer, role text, parts jsonb)`,
    [
      id,
      userId,
      JSON.stringify(
        sayings.map(([role, text], index) => ({
          id: v7(),
          seq: index + 1,
          role,
          parts: [
            role === 'tool'
              ? { type: 'tool-result', toolCallId: 'c', toolName: 't', result: { text }, isError: false }
              : { type: 'text', text },
          ],
        })),
      ),
    ],
  );
  return id;
}
