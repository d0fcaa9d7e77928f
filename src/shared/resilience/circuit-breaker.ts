import type { Clock } from '../context/clock.js';

export type BreakerState = 'closed' | 'half-open' | 'open';

export interface BreakerOptions {
  readonly clock: Clock;
  /** How long nothing is sent before one probe may try. */
  readonly openMs: number;
  readonly onStateChange?: (state: BreakerState) => void;
}

/** Leave for one call. Exactly one of the methods decides; later calls of any of them change nothing. */
export interface BreakerPermit {
  succeeded(): void;
  failed(): void;
  /** The call says nothing about the other side's health: the caller left. A probe may then be sent by somebody else. */
  released(): void;
}

export type BreakerAnswer =
  | { readonly permit: BreakerPermit; readonly isProbe: boolean }
  | { readonly permit?: undefined; readonly retryAfterMs: number };

const CONSECUTIVE_FAILURES = 5;
const WINDOW_MS = 10_000;
const BUCKET_MS = 1_000;
const MIN_CALLS_IN_WINDOW = 10;
const FAILURE_SHARE = 0.5;
/** For callers that meet a probe: when its result should be there. */
const PROBE_RETRY_AFTER_MS = 1_000;

interface Bucket {
  readonly startedAt: number;
  calls: number;
  failures: number;
}

/**
 * Stops calling somebody who keeps failing: after five failures in a row, or when half of at least ten calls within ten
 * seconds failed. After `openMs` a single probe decides whether calls go through again.
 */
export class CircuitBreaker {
  #state: BreakerState = 'closed';
  #openedAt = 0;
  #consecutive = 0;
  #buckets: Bucket[] = [];
  /** Calls that began before the latest change of state have no say in the new one. */
  #generation = 0;
  #isProbing = false;
  readonly #onOpen = new Set<() => void>();

  constructor(private readonly options: BreakerOptions) {}

  get state(): BreakerState {
    return this.#state;
  }

  acquire(): BreakerAnswer {
    if (this.#state === 'closed') return { permit: this.#permit(false), isProbe: false };
    const left = this.#openedAt + this.options.openMs - this.options.clock.monotonicMs();
    if (this.#state === 'open' && left > 0) return { retryAfterMs: left };
    if (this.#isProbing) return { retryAfterMs: PROBE_RETRY_AFTER_MS };
    this.#isProbing = true;
    if (this.#state === 'open') this.#become('half-open');
    return { permit: this.#permit(true), isProbe: true };
  }

  /** Calls back once when the breaker opens next. The returned function takes it back. */
  onceOpen(callback: () => void): () => void {
    this.#onOpen.add(callback);
    return () => this.#onOpen.delete(callback);
  }

  #permit(isProbe: boolean): BreakerPermit {
    const generation = this.#generation;
    let isDecided = false;
    const decide = (then: () => void): void => {
      if (isDecided) return;
      isDecided = true;
      if (generation === this.#generation) then();
    };
    return {
      succeeded: () => decide(() => (isProbe ? this.#close() : this.#count(false))),
      failed: () => decide(() => (isProbe ? this.#open() : this.#count(true))),
      released: () =>
        decide(() => {
          if (isProbe) this.#isProbing = false;
        }),
    };
  }

  #count(isFailure: boolean): void {
    const now = this.options.clock.monotonicMs();
    this.#buckets = this.#buckets.filter((bucket) => now - bucket.startedAt < WINDOW_MS);
    let bucket = this.#buckets.at(-1);
    if (!bucket || now - bucket.startedAt >= BUCKET_MS) {
      bucket = { startedAt: now, calls: 0, failures: 0 };
      this.#buckets.push(bucket);
    }
    bucket.calls += 1;
    if (!isFailure) {
      this.#consecutive = 0;
      return;
    }
    bucket.failures += 1;
    this.#consecutive += 1;
    const calls = this.#buckets.reduce((sum, each) => sum + each.calls, 0);
    const failures = this.#buckets.reduce((sum, each) => sum + each.failures, 0);
    const isMostlyFailing = calls >= MIN_CALLS_IN_WINDOW && failures >= calls * FAILURE_SHARE;
    if (this.#consecutive >= CONSECUTIVE_FAILURES || isMostlyFailing) this.#open();
  }

  #open(): void {
    this.#openedAt = this.options.clock.monotonicMs();
    this.#become('open');
    for (const callback of [...this.#onOpen]) {
      this.#onOpen.delete(callback);
      callback();
    }
  }

  #close(): void {
    this.#consecutive = 0;
    this.#buckets = [];
    this.#become('closed');
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#generation += 1;
    this.#isProbing = state === 'half-open';
    this.options.onStateChange?.(state);
  }
}
