import { OutboundFailed } from './outbound-errors.js';

/** Requests that may wait for each place there is. */
const WAITING_PER_SLOT = 16;

/** So many requests at once, and a bounded line behind them. */
export class RequestSlots {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly size: number) {
    this.free = size;
  }

  /** Does the work in a place of its own. Throws OutboundFailed, `busy`; when the signal fires first, its reason. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.acquire(signal);
    try {
      return await work();
    } finally {
      const [next] = this.waiting;
      if (next) next();
      else this.free += 1;
    }
  }

  private async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    if (this.waiting.size >= this.size * WAITING_PER_SLOT) throw new OutboundFailed('busy');
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', giveUp);
        this.waiting.delete(take);
      };
      const take = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(take);
    });
  }
}
