import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import {
  type ErasedUser,
  type ErasureParticipant,
  ErasureParticipants,
} from '../../../shared/erasure/erasure-participants.js';
import { NO_USAGE } from '../../../shared/llm/usage.js';
import { ConversationService } from '../../conversation/index.js';
import type { ModelCallEvent, ModelClient, ModelRequest } from '../../providers/index.js';
import { ANSWER_CACHE, type AnswerCache, type AnswerPlace, type FoundAnswer } from './answer-cache.js';
import { AnswerCacheMetrics } from './answer-cache-metrics.js';
import { type AnswerCacheUse, placeOf } from './answer-place.js';
import { KeptAnswer } from './kept-answer.js';

/** Nobody waits longer for what is there to save time. */
const PATIENCE_MS = 300;

/**
 * Answers a model call from the cache, or with the model and keeps that. A cache that fails or is slow is an empty one. Who
 * erases a conversation also erases what was kept of its answers.
 */
@Injectable()
export class CachedAnswers implements ErasureParticipant, OnModuleInit {
  readonly name = 'answer_cache';

  constructor(
    @Inject(ANSWER_CACHE) private readonly cache: AnswerCache,
    private readonly conversations: ConversationService,
    private readonly participants: ErasureParticipants,
    private readonly metrics: AnswerCacheMetrics,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.participants.register(this);
    this.conversations.onCleared((_id, userId) => void this.forgetUser(userId));
  }

  /** With the account. Throws when it cannot be done now. */
  erase({ id }: ErasedUser): Promise<void> {
    return this.cache.forgetUser(id);
  }

  /** All of a user's answers, also those that are on their way. Never rejects: what cannot be erased ends with its time. */
  async forgetUser(userId: string): Promise<void> {
    await this.cache.forgetUser(userId).catch((error: unknown) => {
      this.logger.error({ event: 'agent.answer_cache.not_forgotten', user_id: userId, err: error });
    });
  }

  /** Like `models.stream`. A cached answer says so in its first event. */
  async *stream(
    models: Pick<ModelClient, 'stream'>,
    use: AnswerCacheUse,
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelCallEvent> {
    if (use.isPersonal) {
      this.metrics.count('skipped');
      yield* models.stream(request, signal);
      return;
    }
    const place = placeOf(use, request);
    const found = await this.find(place);
    if (found?.answer) {
      yield { type: 'model', model: request.model, isCached: true };
      yield { type: 'start' };
      for (const delta of found.answer.pieces) {
        signal.throwIfAborted();
        yield { type: 'text-delta', delta };
      }
      yield { type: 'finish', finishReason: 'stop', usage: NO_USAGE };
      return;
    }
    const kept = new KeptAnswer(request.model);
    for await (const event of models.stream(request, signal)) {
      kept.observe(event);
      yield event;
    }
    if (found) await this.keep(place, kept, use.ttlMs, found.generation);
  }

  /** `undefined`: nobody knows, and nothing will be kept. */
  private async find(place: AnswerPlace): Promise<FoundAnswer | undefined> {
    const found = await this.attempt(() => this.cache.find(place));
    if (found) this.metrics.count(found.answer ? 'hit' : 'miss');
    return found;
  }

  private async keep(
    place: AnswerPlace,
    { answer }: KeptAnswer,
    ttlMs: number,
    generation: number,
  ): Promise<void> {
    const isKept = answer
      ? await this.attempt(() => this.cache.keep(place, answer, { ttlMs, generation }))
      : false;
    if (isKept !== undefined) this.metrics.count(isKept ? 'stored' : 'skipped');
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      });
      return await Promise.race([work(), late]);
    } catch (error) {
      this.metrics.count('error');
      this.logger.debug({ event: 'agent.answer_cache.failed', err: error });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
