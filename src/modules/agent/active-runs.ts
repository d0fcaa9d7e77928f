import { Injectable } from '@nestjs/common';
import type { RunEventLog } from './events/run-event-log.js';
import { RunAborted } from './loop/run-loop.js';
import type { RunEvent } from './loop/run-events.js';

/** The last event of a run. */
export type RunOutcome = Extract<RunEvent, { type: 'run-end' | 'run-error' }>;

/** A run that this process drives. It goes on whether or not anybody listens. */
export interface ActiveRun {
  readonly runId: string;
  readonly sessionId: string;
  readonly events: RunEventLog;
  /** Resolves with the last event once the run is closed; never rejects. */
  readonly outcome: Promise<RunOutcome>;
  /** Idempotent; after the end without effect. The upstream socket is closed at once. */
  abort(reason: RunAborted): void;
}

/** The runs of this process. */
@Injectable()
export class ActiveRuns {
  private readonly runs = new Map<string, ActiveRun>();
  private draining = false;

  /** True once the process is going down: no new runs. */
  get isDraining(): boolean {
    return this.draining;
  }

  add(run: ActiveRun): void {
    this.runs.set(run.runId, run);
    void run.outcome.finally(() => this.runs.delete(run.runId));
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

  /** Takes no more runs and waits for those it has; what still runs after `graceMs` is aborted with `reason` and waited for. */
  async drain(graceMs: number, reason: RunAborted): Promise<void> {
    this.draining = true;
    const ended = (): Promise<unknown> => Promise.all([...this.runs.values()].map((run) => run.outcome));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([ended(), grace]);
    clearTimeout(timer);
    for (const run of this.runs.values()) run.abort(reason);
    await ended();
  }
}
