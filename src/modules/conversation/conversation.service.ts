import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { isUuid } from '../../shared/context/ids.js';
import { notFound } from '../../shared/errors/app-error.js';
import type { Conversation, ConversationCursor, StoredMessage } from './conversation.js';
import { tooManyPins } from './conversation.errors.js';
import { ConversationRepository } from './conversation.repository.js';
import { MAX_PINNED } from './summaries/context-rows.js';
import type { ConversationContext } from './summaries/conversation-context.js';

export interface ConversationPage {
  readonly conversations: readonly Conversation[];
  /** `undefined`: this was the last page. */
  readonly next?: ConversationCursor;
}

export interface ConversationWithMessages {
  readonly conversation: Conversation;
  readonly messages: readonly StoredMessage[];
  readonly hasMore: boolean;
}

/** A user's conversations. Whatever is not this user's throws `not_found`, exactly like what does not exist. */
@Injectable()
export class ConversationService {
  private readonly clearedListeners: ((id: string, userId: string) => void)[] = [];

  constructor(
    private readonly conversations: ConversationRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(
    userId: string,
    query: { limit: number; after?: ConversationCursor; search?: string },
  ): Promise<ConversationPage> {
    const found = await this.conversations.findPage(userId, {
      ...query,
      limit: query.limit + 1,
      now: this.clock.now(),
    });
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    return found.length > query.limit && last
      ? { conversations: page, next: { updatedAt: last.updatedAt, id: last.id } }
      : { conversations: page };
  }

  async read(
    userId: string,
    id: string,
    page: { limit: number; beforeSeq?: number },
  ): Promise<ConversationWithMessages> {
    const conversation = await this.find(userId, id);
    const found = await this.conversations.findMessages(userId, id, { ...page, limit: page.limit + 1 });
    const hasMore = found.length > page.limit;
    return { conversation, messages: hasMore ? found.slice(1) : found, hasMore };
  }

  async rename(userId: string, id: string, title: string): Promise<Conversation> {
    const renamed = isUuid(id) && (await this.conversations.rename(userId, id, title, this.clock.now()));
    if (!renamed) throw notFound();
    return renamed;
  }

  /** Throws `too_many_pins`. */
  async pin(userId: string, id: string, messageId: string, isPinned: boolean): Promise<StoredMessage> {
    const pinned =
      isUuid(id) && isUuid(messageId)
        ? await this.conversations.pin(userId, id, messageId, isPinned, this.clock.now())
        : undefined;
    if (!pinned) throw notFound();
    if (pinned === 'full') throw tooManyPins(MAX_PINNED);
    return pinned;
  }

  async clear(userId: string, id: string): Promise<void> {
    if (!isUuid(id) || !(await this.conversations.remove(userId, id, this.clock.now()))) throw notFound();
    for (const listener of this.clearedListeners) listener(id, userId);
  }

  /** Told of every conversation that its owner erased: whoever works on it stops. */
  onCleared(listener: (id: string, userId: string) => void): void {
    this.clearedListeners.push(listener);
  }

  /** What the model is given of the past: the newest messages, oldest first. */
  async recentMessages(
    userId: string,
    id: string,
    page: { limit: number; beforeSeq: number },
  ): Promise<readonly StoredMessage[]> {
    return this.conversations.findMessages(userId, id, page);
  }

  /**
   * The same for long conversations: what the older part is summed up to, what is pinned, and the newest `limit` messages
   * between the summary and `beforeSeq`. Of what is not this user's there is nothing.
   */
  async context(
    userId: string,
    id: string,
    page: { readonly limit: number; readonly beforeSeq: number },
  ): Promise<ConversationContext> {
    return this.conversations.findContext(userId, id, page);
  }

  private async find(userId: string, id: string): Promise<Conversation> {
    const found = isUuid(id) ? await this.conversations.findOne(userId, id, this.clock.now()) : undefined;
    if (!found) throw notFound();
    return found;
  }
}
