import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AccountClosing } from '../../auth/index.js';
import { AccountErasure } from './account-erasure.js';

const SWEEP_INTERVAL_MS = 60_000;
/** Who asked for it may still be at it. */
const UNFINISHED_AFTER_MS = 2 * 60_000;
const BATCH = 5;

/** Finishes erasures that failed, or whose process died. On every replica: doing it twice at the same time is harmless. */
@Injectable()
export class ErasureSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly accounts: AccountClosing,
    private readonly erasure: AccountErasure,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.current = this.current.then(() => this.sweep());
    }, SWEEP_INTERVAL_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.current;
  }

  /** Returns how many were finished. What fails is logged and tried again at the next interval. */
  async sweep(unfinishedAfterMs = UNFINISHED_AFTER_MS): Promise<number> {
    let finished = 0;
    try {
      for (const account of await this.accounts.unfinished(unfinishedAfterMs, BATCH)) {
        const actor = { userId: account.id, requestId: undefined };
        if (await this.erasure.finish(account, actor)) finished += 1;
      }
    } catch (error) {
      this.logger.error({ event: 'account.erasure.not_finished', err: error });
    }
    return finished;
  }
}
