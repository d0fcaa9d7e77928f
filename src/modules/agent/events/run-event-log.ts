import type { RunEvent } from '../loop/run-events.js';

export interface LoggedEvent {
  /** From 1, without gaps, per run. */
  readonly id: number;
  readonly event: RunEvent;
}

/** Makes events known to the other replicas. Never rejects, and takes a bounded time. */
export type PublishEvents = (events: readonly LoggedEvent[]) => Promise<void>;

/** How a subscription came to its end. `moved`: the run goes on, but no longer here. */
export type SubscriptionEnd = 'complete' | 'moved' | 'aborted';

export interface RunEventLogOptions {
  /** The id of the first event that is appended here. What came before is in the database. */
  readonly firstId: number;
  /** Left out: there are no other replicas. */
  readonly publish?: PublishEvents;
}

/**
 * The events of a run at its owner, from the moment they have an id until they are stored. Any number of subscribers read
 * at their own pace from where they are, so a slow reader costs no buffer of its own.
 *
 * An event is shown only once the other replicas can find it, so that whatever a client has seen survives this process;
 * and a staged event only once it is stored, so that nobody is told of anything that a takeover could take back.
 *
 * Deltas that arrive in one read of the upstream socket are joined before they get an id: nothing waits for more text,
 * but what is there together is one event.
 */
export class RunEventLog {
  readonly firstId: number;
  private readonly events: LoggedEvent[] = [];
  private readonly wake = new Set<() => void>();
  private readonly publish: PublishEvents | undefined;
  private pending: DeltaEvent | undefined;
  private flushTimer: NodeJS.Immediate | undefined;
  /** How many events are stored, may be shown, and are shown. */
  private stored = 0;
  private released = 0;
  private visible = 0;
  /** Where the staged events begin. */
  private stagedFrom: number | undefined;
  private isPublishing = false;
  private end: 'complete' | 'moved' | undefined;

  constructor({ firstId, publish }: RunEventLogOptions) {
    this.firstId = firstId;
    this.publish = publish;
  }

  /** Shown as soon as it is published. */
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
        this.release();
      });
      return;
    }
    this.flush();
    this.push(event);
    this.release();
  }

  /** Gets its id now and is shown when `markStored` says that it is stored. */
  stage(events: readonly RunEvent[]): void {
    this.flush();
    this.release();
    this.stagedFrom ??= this.events.length;
    for (const event of events) this.push(event);
  }

  /** All that has to be stored with the next write, staged events included. */
  unstored(): readonly LoggedEvent[] {
    this.flush();
    return this.events.slice(this.stored);
  }

  /** All events of this owner up to the last of `events`: for whoever has lost the earlier ones. */
  publishable(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    return this.events.slice(0, (events.at(-1)?.id ?? 0) + 1 - this.firstId);
  }

  /** Says that everything up to this event is stored, what was staged included. */
  markStored(lastId: number): void {
    this.stored = lastId + 1 - this.firstId;
    this.stagedFrom = undefined;
    this.release();
  }

  /** The run goes on elsewhere, or not at all: subscribers end here. What was staged is never shown. */
  detach(): void {
    if (this.flushTimer) clearImmediate(this.flushTimer);
    this.end ??= 'moved';
    this.notify();
  }

  /** True when a subscriber that has seen everything up to `afterId` can go on here. */
  covers(afterId: number): boolean {
    return afterId + 1 >= this.firstId;
  }

  /** Batches of events after `afterId`, live until the run's last event, until it has moved, or until `signal` fires. */
  async *subscribe(
    signal: AbortSignal,
    afterId = 0,
  ): AsyncGenerator<readonly LoggedEvent[], SubscriptionEnd> {
    let cursor = Math.max(afterId + 1 - this.firstId, 0);
    while (!signal.aborted) {
      if (cursor < this.visible) {
        const batch = this.events.slice(cursor, this.visible);
        cursor = this.visible;
        yield batch;
      } else if (this.end) {
        return this.end;
      } else {
        await this.nextChange(signal);
      }
    }
    return 'aborted';
  }

  private flush(): void {
    if (!this.pending) return;
    const event = this.pending;
    this.pending = undefined;
    this.push(event);
  }

  private push(event: RunEvent): void {
    this.events.push({ id: this.firstId + this.events.length, event });
  }

  /** Everything that is not held back may be shown. */
  private release(): void {
    this.released = this.stagedFrom ?? this.events.length;
    if (!this.publish) this.show(this.released);
    else if (!this.isPublishing) void this.publishReleased(this.publish);
  }

  /** One batch is under way at a time; what comes meanwhile is the next one. */
  private async publishReleased(publish: PublishEvents): Promise<void> {
    this.isPublishing = true;
    while (this.visible < this.released && !this.end) {
      const upTo = this.released;
      await publish(this.events.slice(this.visible, upTo));
      this.show(upTo);
    }
    this.isPublishing = false;
  }

  private show(upTo: number): void {
    if (this.end) return;
    this.visible = upTo;
    const last = this.events[upTo - 1]?.event.type;
    if (last === 'run-end' || last === 'run-error') this.end = 'complete';
    this.notify();
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
