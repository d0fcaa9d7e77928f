import type { Timers } from '../../../src/modules/providers/resilience/timers.js';
import type { Clock } from '../../../src/shared/context/clock.js';

/** Time that stands still until a test moves it on. */
export class ManualTime implements Clock, Timers {
  #now = 0;
  #pending: { readonly at: number; readonly callback: () => void }[] = [];

  now(): Date {
    return new Date(this.#now);
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  }

  /** Timers that are set and not cancelled. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Fires what is due on the way, in order, and lets the promises behind it run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#pending.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#pending = this.#pending.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** One turn of the event loop: every promise that can settle by itself has settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
