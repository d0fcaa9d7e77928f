import { Inject, Injectable } from '@nestjs/common';
import { Draining } from '../observability/index.js';
import { LIVE_EVENTS, type LiveEvents } from './events/live-events.js';
import type { RunEventLog } from './events/run-event-log.js';
import { RunAborted } from './loop/run-loop.js';
import type { RunEvent } from './loop/run-events.js';

/** The last event of a run. */
export type RunOutcome = Extract<RunEvent, { type: 'run-end' | 'run-error' }>;

/** `moved`: the run goes on elsewhere. `suspended`: it waits for a person, and nobody drives it. */
export type RunDeparture = 'moved' | 'suspended';

/** A run that this process drives. It goes on whether or not anybody listens. */
export interface ActiveRun {
  readonly runId: string;
  readonly sessionId: string;
  readonly isBackground: boolean;
  readonly events: RunEventLog;
  /** The id with which this owner began: 1, or that of its `step-restart`. */
  readonly firstEventId: number;
  /** Resolves with the last event once the run is closed, or with why it is no longer driven here; never rejects. */
  readonly outcome: Promise<RunOutcome | RunDeparture>;
  /** Idempotent; after the end without effect. The upstream socket is closed at once. */
  abort(reason: RunAborted): void;
  /** Stops driving the run and gives it back to the queue. `outcome` says when that is done. */
  handOver(): void;
}

/** How long the hand-over of all runs may take at shutdown. */
const HAND_OVER_MS = 1_500;

/** The runs of this process. */
@Injectable()
export class ActiveRuns {
  private readonly runs = new Map<string, ActiveRun>();
  private readonly expected = new Set<string>();
  private readonly unwritten = new Set<string>();
  private readonly closed = new AbortController();

  constructor(
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly draining: Draining,
  ) {}

  /** True once the process is going down: no new runs. */
  get isDraining(): boolean {
    return this.draining.isDraining;
  }

  /** Fires when the grace period is over: whoever still listens is told to go on elsewhere. */
  get closing(): AbortSignal {
    return this.closed.signal;
  }

  add(run: ActiveRun): void {
    this.runs.set(run.runId, run);
    this.live.wake(run.runId);
    void run.outcome.finally(() => {
      if (this.runs.get(run.runId) === run) this.runs.delete(run.runId);
    });
  }

  /**
   * Says that a run is about to be this process's: from before the database is asked for it until it is driven, or until
   * it is clear that it will not be. Returns how to take that back.
   */
  expect(runId: string): () => void {
    this.expected.add(runId);
    return () => void this.expected.delete(runId);
  }

  /** False: whatever the database says, nobody here drives this run or is about to. */
  isKnown(runId: string): boolean {
    return this.runs.has(runId) || this.expected.has(runId);
  }

  /** The run was driven here and is given up, and the database could not be told. */
  leaveUnwritten(runId: string): void {
    this.unwritten.add(runId);
  }

  /** Whether the run was left unwritten; asked once. */
  takeUnwritten(runId: string): boolean {
    return this.unwritten.delete(runId);
  }

  get(runId: string): ActiveRun | undefined {
    return this.runs.get(runId);
  }

  /** The run that is working in a conversation, if this process drives one. */
  inSession(sessionId: string): ActiveRun | undefined {
    for (const run of this.runs.values()) if (run.sessionId === sessionId) return run;
    return undefined;
  }

  get size(): number {
    return this.runs.size;
  }

  get backgroundSize(): number {
    let count = 0;
    for (const run of this.runs.values()) if (run.isBackground) count += 1;
    return count;
  }

  /** Waits for the runs; those that still run after `graceMs` are handed over. */
  async drain(graceMs: number): Promise<void> {
    this.draining.begin();
    await this.endWithin(graceMs);
    this.closed.abort();
    for (const run of this.runs.values()) run.handOver();
    await this.endWithin(HAND_OVER_MS);
  }

  private async endWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([Promise.all([...this.runs.values()].map((run) => run.outcome)), late]);
    clearTimeout(timer);
  }
}
