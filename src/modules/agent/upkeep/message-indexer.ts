import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import type { Principal } from '../../../shared/context/principal.js';
import { PrincipalService } from '../../auth/index.js';
import { MessageVectorsRepository, type UnembeddedMessage } from '../../conversation/index.js';
import { EMBEDDING_PROVIDER, type EmbeddingProvider, MAX_TEXTS } from '../../providers/index.js';
import { SideCalls } from '../side-calls/side-calls.js';

/** After a vendor that failed, or a budget that is used up. */
const PAUSE_MS = 10 * 60_000;
/** Between the steps of a sweep that has found something, and of one that has not: requests go first. */
const BUSY_STEP_MS = 100;
const IDLE_STEP_MS = 20;
/** So much is looked at again: more than a process may have left behind. */
const OVERLAP_MS = 3_600_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Gives messages their vectors: after each run, and later what was missed or belongs to another model. */
@Injectable()
export class MessageIndexer {
  /** What lies before it has been looked at by this process. */
  private sweptTo = FIRST_ID;

  constructor(
    private readonly vectors: MessageVectorsRepository,
    @Inject(EMBEDDING_PROVIDER) private readonly provider: EmbeddingProvider,
    private readonly sideCalls: SideCalls,
    private readonly principals: PrincipalService,
    private readonly config: AgentConfig,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isEnabled(): boolean {
    return this.config.recall === 'hybrid';
  }

  /** The newest messages of a conversation. */
  async index(principal: Principal, conversationId: string, signal: AbortSignal): Promise<void> {
    const { userId } = principal;
    for (;;) {
      const claimed = await this.vectors.claimRecent(userId, conversationId, this.provider.model, MAX_TEXTS);
      if (!(await this.embed(principal, claimed, signal)) || claimed.length < MAX_TEXTS) return;
    }
  }

  /** Everything once, then what is newer than an hour before the last sweep. Returns how many messages were taken. */
  async sweep(signal: AbortSignal): Promise<number> {
    const startedAt = this.clock.now();
    let taken = 0;
    for (let after: string | undefined = this.sweptTo; after !== undefined && !signal.aborted;) {
      const { messages, next } = await this.vectors.claimMissed(this.provider.model, after, MAX_TEXTS);
      taken += messages.length;
      for (const [userId, own] of Map.groupBy(messages, (message) => message.userId)) {
        const principal = await this.principals.currentPrincipalOf(userId);
        if (principal) await this.embed(principal, own, signal);
        else await this.vectors.release(userId, idsOf(own), PAUSE_MS);
      }
      after = next;
      await delay(messages.length > 0 ? BUSY_STEP_MS : IDLE_STEP_MS, undefined, { ref: false, signal }).catch(
        () => undefined,
      );
    }
    if (!signal.aborted) this.sweptTo = firstIdAt(new Date(startedAt.getTime() - OVERLAP_MS));
    return taken;
  }

  /** False: not now. */
  private async embed(
    principal: Principal,
    messages: readonly UnembeddedMessage[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (messages.length === 0) return true;
    const { userId } = principal;
    const withText = messages.filter(({ text }) => text !== '');
    try {
      const embeddings =
        withText.length === 0
          ? { vectors: [] }
          : await this.sideCalls.embed(
              principal,
              withText.map(({ text }) => text),
              signal,
            );
      if (embeddings) {
        const found = new Map(withText.map(({ id }, index) => [id, embeddings.vectors[index]]));
        const rows = messages.map(({ id }) => ({ id, vector: withDirection(found.get(id)) }));
        await this.vectors.store(userId, this.provider.model, rows);
        return true;
      }
    } catch (error) {
      if (!signal.aborted) this.logger.warn({ event: 'agent.not_indexed', user_id: userId, err: error });
    }
    await this.vectors.release(userId, idsOf(messages), signal.aborted ? 0 : PAUSE_MS);
    return false;
  }
}

/** A vector of zeros is near to nothing. */
function withDirection(vector: Float32Array | undefined): Float32Array | undefined {
  return vector?.some((value) => value !== 0) ? vector : undefined;
}

function idsOf(messages: readonly UnembeddedMessage[]): string[] {
  return messages.map(({ id }) => id);
}

/** Ids of messages are UUIDv7: they begin with the time. */
function firstIdAt(date: Date): string {
  const hex = date.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
