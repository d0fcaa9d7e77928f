import { Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';

/** Longer than this nobody waits for a place: the caller hears that the tools are busy. */
const MAX_WAIT_MS = 5_000;
/** Callers that may wait for each place there is. */
const WAITING_PER_SLOT = 16;

/** The executions that go on in this process at the same time: so many, and a bounded line behind them. */
@Injectable()
export class ExecutionSlots {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly config: ToolsConfig) {
    this.free = config.processConcurrency;
  }

  /** Resolves to the function that gives the place back, or to `undefined` when there was none in time. */
  async acquire(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (this.free > 0) {
      this.free -= 1;
      return this.releaser();
    }
    if (signal.aborted || this.waiting.size >= this.config.processConcurrency * WAITING_PER_SLOT)
      return undefined;
    return new Promise((resolve) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.waiting.delete(take);
      };
      const take = (): void => {
        leave();
        resolve(this.releaser());
      };
      const giveUp = (): void => {
        leave();
        resolve(undefined);
      };
      const timer = setTimeout(giveUp, MAX_WAIT_MS);
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(take);
    });
  }

  private releaser(): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const [next] = this.waiting;
      if (next) next();
      else this.free += 1;
    };
  }
}
