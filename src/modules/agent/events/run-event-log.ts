import type { RunEvent } from '../loop/run-events.js';

export interface LoggedEvent {
  /** From 1, without gaps, per run. */
  readonly id: number;
  readonly event: RunEvent;
}

/** Makes events known to the other replicas. Never rejects, and takes a bounded time. */
export type PublishEvents = (events: readonly LoggedEvent[]) => Promise<void>;

/**
 * How a subscription came to its end.
 * - `moved`: the run goes on, but no longer here
 * - `behind`: what comes next for this subscriber is no longer kept here; it is stored
 */
export type SubscriptionEnd = 'complete' | 'moved' | 'behind' | 'aborted';

/** So many events are kept although they are stored: most runs have fewer, and are read without the database. */
const KEPT_EVENTS = 1_000;

/** Text is joined up to here: what a reader has to take as one must not grow with the speed of a model. */
const MAX_JOINED_CHARACTERS = 16 * 1024;

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
 * but what is there together is one event, up to a bound.
 */
export class RunEventLog {
  private readonly events: LoggedEvent[] = [];
  /** The id of `events[0]`. */
  private firstId: number;
  private readonly wake = new Set<() => void>();
  private readonly publish: PublishEvents | undefined;
  private pending: DeltaEvent | undefined;
  private flushTimer: NodeJS.Immediate | undefined;
  /** Ids of the last events that are stored, that were stored the time before, that may be shown, and that are shown. */
  private stored: number;
  private storedBefore: number;
  private released: number;
  private visible: number;
  /** The id of the last event before the staged ones. */
  private stagedAfter: number | undefined;
  private isPublishing = false;
  private end: 'complete' | 'moved' | undefined;

  constructor({ firstId, publish }: RunEventLogOptions) {
    this.firstId = firstId;
    this.stored = this.storedBefore = this.released = this.visible = firstId - 1;
    this.publish = publish;
  }

  /** Shown as soon as it is published. */
  append(event: RunEvent): void {
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') {
      if (this.pending && isJoinable(this.pending, event)) {
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
    this.stagedAfter ??= this.lastId;
    for (const event of events) this.push(event);
  }

  /** All that has to be stored with the next write, staged events included. */
  unstored(): readonly LoggedEvent[] {
    this.flush();
    return this.between(this.stored, this.lastId);
  }

  /** All events that are kept, up to the last of `events`: for whoever has lost the earlier ones. */
  publishable(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    return this.between(this.firstId - 1, events.at(-1)?.id ?? 0);
  }

  /** Says that everything up to this event is stored, what was staged included. */
  markStored(lastId: number): void {
    this.storedBefore = this.stored;
    this.stored = lastId;
    this.stagedAfter = undefined;
    this.release();
    this.forget();
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
    let cursor = afterId;
    while (!signal.aborted) {
      if (!this.covers(cursor)) return 'behind';
      if (cursor < this.visible) {
        const batch = this.between(cursor, this.visible);
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

  private get lastId(): number {
    return this.firstId + this.events.length - 1;
  }

  private between(afterId: number, lastId: number): readonly LoggedEvent[] {
    return this.events.slice(afterId + 1 - this.firstId, lastId + 1 - this.firstId);
  }

  /** Lets go of what was stored a step ago: whoever has not read it by now reads it from there. */
  private forget(): void {
    const upTo = Math.min(this.storedBefore, this.visible);
    if (this.events.length <= KEPT_EVENTS || upTo < this.firstId) return;
    this.events.splice(0, upTo + 1 - this.firstId);
    this.firstId = upTo + 1;
  }

  private flush(): void {
    if (!this.pending) return;
    const event = this.pending;
    this.pending = undefined;
    this.push(event);
  }

  private push(event: RunEvent): void {
    this.events.push({ id: this.lastId + 1, event });
  }

  /** Everything that is not held back may be shown. */
  private release(): void {
    this.released = this.stagedAfter ?? this.lastId;
    if (!this.publish) this.show(this.released);
    else if (!this.isPublishing) void this.publishReleased(this.publish);
  }

  /** One batch is under way at a time; what comes meanwhile is the next one. */
  private async publishReleased(publish: PublishEvents): Promise<void> {
    this.isPublishing = true;
    while (this.visible < this.released && !this.end) {
      const upTo = this.released;
      await publish(this.between(this.visible, upTo));
      this.show(upTo);
    }
    this.isPublishing = false;
  }

  private show(upTo: number): void {
    if (this.end) return;
    this.visible = upTo;
    const last = this.events[upTo - this.firstId]?.event.type;
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

function isJoinable(before: DeltaEvent, next: DeltaEvent): boolean {
  const isSameText = before.type === next.type && before.step === next.step;
  return isSameText && before.delta.length + next.delta.length <= MAX_JOINED_CHARACTERS;
}

type DeltaEvent = Extract<RunEvent, { type: 'text-delta' | 'reasoning-delta' }>;
