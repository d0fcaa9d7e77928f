import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** How a conversation began. */
export interface Opening {
  readonly question: string;
  readonly answer: string;
}

/** Titles that are not their user's. */
@Injectable()
export class ConversationTitlesRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** `undefined`: it has a title that stays, or it is not its first completed run that has just ended. */
  async untitledOpening(userId: string, conversationId: string): Promise<Opening | undefined> {
    const [row] = await this.dataSource.query<Partial<Opening>[]>(
      `SELECT (SELECT message_text(m.parts) FROM message m WHERE m.conversation_id = c.id AND m.role = 'user' ORDER BY m.seq LIMIT 1) AS question,
              (SELECT message_text(m.parts) FROM message m WHERE m.conversation_id = c.id AND m.role = 'assistant' ORDER BY m.seq DESC LIMIT 1) AS answer
         FROM conversation c
        WHERE c.id = $1 AND c.user_id = $2 AND c.title_source = 'message'
          AND (SELECT count(*) FROM run r WHERE r.conversation_id = c.id AND r.status = 'completed') = 1`,
      [conversationId, userId],
    );
    return row?.question ? { question: row.question, answer: row.answer ?? '' } : undefined;
  }

  /** False: its user was faster, or it is gone. */
  async give(userId: string, conversationId: string, title: string): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE conversation SET title = $3, title_source = 'model' WHERE id = $1 AND user_id = $2 AND title_source = 'message'`,
      [conversationId, userId, title],
    );
    return count > 0;
  }
}
