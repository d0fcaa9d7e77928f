import { Slots } from '../../../shared/resilience/slots.js';
import { OutboundFailed } from './outbound-errors.js';

/** Requests that may wait for each place there is. */
const WAITING_PER_SLOT = 16;

/** So many requests at once, and a bounded line behind them. */
export class RequestSlots {
  private readonly slots: Slots;

  constructor(size: number) {
    this.slots = new Slots(size, size * WAITING_PER_SLOT);
  }

  /** Does the work in a place of its own. Throws OutboundFailed, `busy`; when the signal fires first, its reason. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.slots.acquire(signal);
    if (!release) {
      signal.throwIfAborted();
      throw new OutboundFailed('busy');
    }
    try {
      return await work();
    } finally {
      release();
    }
  }
}
