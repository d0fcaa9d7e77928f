import type { RunEvent } from '../loop/run-events.js';

export interface LoggedEvent {
  /** From 1, without gaps, per run. */
  readonly id: number;
  readonly event: RunEvent;
}

/**
 * The events of one run, in memory. The run appends; any number of subscribers read at their own pace from where they
 * are, so a slow reader costs no buffer of its own.
 *
 * Deltas that arrive in one read of the upstream socket are joined before they get an id: nothing waits for more text,
 * but what is there together is one event.
 */
export class RunEventLog {
  private readonly events: LoggedEvent[] = [];
  private readonly wake = new Set<() => void>();
  private pending: DeltaEvent | undefined;
  private flushTimer: NodeJS.Immediate | undefined;
  private isClosed = false;

  append(event: RunEvent): void {
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') {
      if (this.pending && this.pending.type === event.type && this.pending.step === event.step) {
        this.pending = { ...event, delta: this.pending.delta + event.delta };
      } else {
        this.flush();
        this.pending = event;
      }
      this.flushTimer ??= setImmediate(() => {
        this.flushTimer = undefined;
        this.flush();
        this.notify();
      });
      return;
    }
    this.flush();
    this.push(event);
    if (event.type === 'run-end' || event.type === 'run-error') this.isClosed = true;
    this.notify();
  }

  /**
   * Batches of events after `afterId`, live until the run's last event. Ends early, without an error, when `signal`
   * fires.
   */
  async *subscribe(signal: AbortSignal, afterId = 0): AsyncGenerator<readonly LoggedEvent[]> {
    let cursor = afterId;
    while (!signal.aborted) {
      if (cursor < this.events.length) {
        const batch = this.events.slice(cursor);
        cursor = this.events.length;
        yield batch;
      } else if (this.isClosed) {
        return;
      } else {
        await this.nextChange(signal);
      }
    }
  }

  private flush(): void {
    if (!this.pending) return;
    const event = this.pending;
    this.pending = undefined;
    this.push(event);
  }

  private push(event: RunEvent): void {
    this.events.push({ id: this.events.length + 1, event });
  }

  private notify(): void {
    for (const wake of this.wake) wake();
  }

  private nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.wake.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.wake.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

type DeltaEvent = Extract<RunEvent, { type: 'text-delta' | 'reasoning-delta' }>;
