import type { Clock } from '../../../shared/context/clock.js';
import type { Timers } from './timers.js';

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Until the first part, or between signs of life (pings, comments) before it: a slow thinker is not dead. */
  readonly firstPartMs: number;
  /** The longest silence afterwards. */
  readonly stallMs: number;
  /** For everything. */
  readonly totalMs: number;
  /** Called once. */
  readonly onTimeout: () => void;
}

/**
 * The deadlines of one try. Silence counts only while we wait for the vendor: a slow reader of ours is not its fault.
 * Parts and bytes only move a time stamp; the timer looks at it when it fires, so that a fast stream sets no timers.
 */
export class Watchdog {
  #cancelTotal: () => void;
  #cancelIdle: () => void;
  #lastActivity: number;
  #lastBytes: number | undefined;
  #hasFirstPart = false;
  #isWaiting = true;
  #isOver = false;

  constructor(private readonly options: WatchdogOptions) {
    const { clock, timers, totalMs, firstPartMs } = options;
    this.#lastActivity = clock.monotonicMs();
    this.#cancelTotal = timers.after(totalMs, () => this.#timeOut());
    this.#cancelIdle = timers.after(firstPartMs, () => this.#firstPartIsLate());
  }

  /** Bytes have arrived. */
  touch(): void {
    this.#lastActivity = this.options.clock.monotonicMs();
    this.#lastBytes = this.#lastActivity;
  }

  firstPart(): void {
    if (this.#hasFirstPart || this.#isOver) return;
    this.#hasFirstPart = true;
    this.#cancelIdle();
    this.touch();
    this.#watch(this.options.stallMs);
  }

  /** Whether the next event is the vendor's to send. */
  waits(isWaiting: boolean): void {
    this.#isWaiting = isWaiting;
    this.#lastActivity = this.options.clock.monotonicMs();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelTotal();
    this.#cancelIdle();
  }

  #firstPartIsLate(): void {
    const { clock, timers, firstPartMs, stallMs } = this.options;
    const patience = Math.min(firstPartMs, stallMs);
    const left = this.#lastBytes === undefined ? 0 : this.#lastBytes + patience - clock.monotonicMs();
    if (left <= 0) this.#timeOut();
    else this.#cancelIdle = timers.after(left, () => this.#firstPartIsLate());
  }

  #watch(ms: number): void {
    this.#cancelIdle = this.options.timers.after(ms, () => {
      const { clock, stallMs } = this.options;
      if (!this.#isWaiting) return this.#watch(stallMs);
      const left = this.#lastActivity + stallMs - clock.monotonicMs();
      if (left <= 0) this.#timeOut();
      else this.#watch(left);
    });
  }

  #timeOut(): void {
    if (this.#isOver) return;
    this.stop();
    this.options.onTimeout();
  }
}
