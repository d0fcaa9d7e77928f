import type { ContentPart } from '../../shared/llm/content-part.js';

/** A conversation as its owner sees it in a list. */
export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** After this moment it answers like one that never was; the sweeper erases it soon after. */
  readonly expiresAt: Date;
}

/** A message as stored. `seq` counts from 1 within the conversation. */
export interface StoredMessage {
  readonly id: string;
  readonly seq: number;
  readonly role: 'user' | 'assistant' | 'tool';
  readonly parts: readonly ContentPart[];
  /** `incomplete`: the answer broke off and this is what had arrived. */
  readonly status: 'complete' | 'incomplete';
  readonly runId: string | null;
  /** Its owner wants the model to see it, however long the conversation has become. */
  readonly isPinned: boolean;
  readonly createdAt: Date;
}

/** Where the next page of a list begins: after this conversation. */
export interface ConversationCursor {
  readonly updatedAt: Date;
  readonly id: string;
}
