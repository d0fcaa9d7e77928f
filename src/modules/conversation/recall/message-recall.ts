import { Injectable } from '@nestjs/common';
import { AgentConfig } from '../../../config/app-config.js';
import type { StoredMessage } from '../conversation.js';
import { MessageRecallRepository } from './message-recall.repository.js';

export interface RecallQuery {
  readonly userId: string;
  readonly sessionId: string;
  /** What the turns should be about, usually the new message. */
  readonly text: string;
  /** Only messages before this `seq`. */
  readonly beforeSeq: number;
  /** Turns, at most. */
  readonly limit: number;
}

export interface RecalledTurn {
  /** All messages of one turn (a user message and everything of its run), oldest first. */
  readonly messages: readonly StoredMessage[];
  /** Only to compare turns of one answer: the higher, the closer. */
  readonly score: number;
}

/** What a text means: a vector of length 1, comparable with those of the same model. */
export interface Meaning {
  readonly model: string;
  readonly vector: Float32Array;
}

/** `undefined`: it cannot be told now. */
export type MeaningOf = (text: string, userId: string, signal: AbortSignal) => Promise<Meaning | undefined>;

/** Longer texts are about more than one thing. */
const MAX_QUERY_CHARACTERS = 4_000;

/** Finds earlier turns of a user's conversation that a text is about. */
@Injectable()
export class MessageRecall {
  private meaningOf: MeaningOf | undefined;

  constructor(
    private readonly messages: MessageRecallRepository,
    private readonly config: AgentConfig,
  ) {}

  /** How texts are embedded is known elsewhere, and what that may cost; it is said here, so that this module knows nothing of it. */
  useMeaning(meaningOf: MeaningOf): void {
    this.meaningOf = meaningOf;
  }

  /**
   * Best first; `[]` when recall is switched off (AI_CONTEXT_RECALL) and for what is not this user's. One statement. Where
   * the text cannot be embedded before the signal fires, its words alone are compared. Throws what the database throws.
   */
  async find(query: RecallQuery, signal: AbortSignal): Promise<readonly RecalledTurn[]> {
    const { userId, sessionId, beforeSeq, limit } = query;
    if (this.config.recall === 'off' || limit <= 0 || beforeSeq <= 1) return [];
    const text = query.text.slice(0, MAX_QUERY_CHARACTERS);
    const meaning = await this.meaningFor(text, userId, signal);
    return this.messages.find({ userId, conversationId: sessionId, text, beforeSeq, limit, meaning });
  }

  private async meaningFor(text: string, userId: string, signal: AbortSignal): Promise<Meaning | undefined> {
    if (this.config.recall !== 'hybrid' || text.trim() === '') return undefined;
    try {
      return await this.meaningOf?.(text, userId, signal);
    } catch {
      return undefined;
    }
  }
}
