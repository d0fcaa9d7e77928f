import type { Clock } from '../../../shared/context/clock.js';

const CAPACITY = 10;
const PER_REQUEST = 0.1;
const PER_SECOND = 0.2;

/**
 * How many retries a connection may be sent on top of its requests: about one in ten, and a few in reserve. A vendor that
 * is down gets no storm of retries from us.
 */
export class RetryBudget {
  #tokens = CAPACITY;
  #countedAt: number;

  constructor(private readonly clock: Clock) {
    this.#countedAt = clock.monotonicMs();
  }

  /** Every first try pays in. */
  deposit(): void {
    this.#refill();
    this.#tokens = Math.min(CAPACITY, this.#tokens + PER_REQUEST);
  }

  /** False: no retry now. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.clock.monotonicMs();
    this.#tokens = Math.min(CAPACITY, this.#tokens + ((now - this.#countedAt) / 1000) * PER_SECOND);
    this.#countedAt = now;
  }
}
