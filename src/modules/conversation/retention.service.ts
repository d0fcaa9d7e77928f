import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { ConversationRepository } from './conversation.repository.js';

const SWEEP_INTERVAL_MS = 60_000;
const BATCH = 200;
/** A backlog is worked off over several sweeps, so that one sweep never holds the database for long. */
const MAX_BATCHES = 20;

/** Erases conversations whose time is over (AI_CONVERSATION_TTL_HOURS after their last message). */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly conversations: ConversationRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.current = this.sweep();
    }, SWEEP_INTERVAL_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.current;
  }

  /** Returns how many conversations were erased. A failing sweep is logged and tried again at the next interval. */
  async sweep(): Promise<number> {
    let removed = 0;
    try {
      for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
        const count = await this.conversations.removeExpired(this.clock.now(), BATCH);
        removed += count;
        if (count < BATCH) break;
      }
      if (removed > 0) this.logger.info({ event: 'conversation.retention', removed });
    } catch (error) {
      this.logger.error({ event: 'conversation.retention.failed', err: error });
    }
    return removed;
  }
}
