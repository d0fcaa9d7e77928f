import type { Clock } from '../../shared/context/clock.js';
import type { QuotaAmount, RunQuota } from '../rate-limit/index.js';
import type { ContextReport } from './context/context-report.js';
import type { LiveEvents } from './events/live-events.js';
import { type LoggedEvent, RunEventLog } from './events/run-event-log.js';
import type { ModelStepRecord } from './loop/run-journal.js';
import { RunAborted } from './loop/run-loop.js';
import type { OwnedRun } from './run.js';
import type { LostModelCall } from './run-journal.repository.js';
import type { PreparedRequest } from './run-preparer.js';
import { RunTally } from './run-tally.js';

export interface DriveOptions {
  /** Builds what the loop works on; reads the history. What it throws ends the run. */
  readonly prepare: () => Promise<PreparedRequest>;
  /** The model that was asked for. */
  readonly model: string;
  readonly timeoutMs: number;
  readonly requestId: string | undefined;
  /** What a quota guard has reserved for the first model call. */
  readonly held?: QuotaAmount;
  readonly messageLength: number;
  readonly isBackground: boolean;
  /** Ends the run before it begins anything. */
  readonly isCancelled?: boolean;
  /** Left out: this is the run's first owner. */
  readonly takenOver?: TakenOver;
}

export interface TakenOver {
  readonly tally: RunTally;
  /** Since the run's start. */
  readonly elapsedMs: number;
  /** What the owner before had shown and not stored, and the `step-restart` that voids it. */
  readonly events: readonly LoggedEvent[];
  readonly lostCall: LostModelCall | undefined;
}

/** What belongs to one driven run. */
export class Drive {
  readonly controller = new AbortController();
  readonly log: RunEventLog;
  readonly firstEventId: number;
  readonly tally: RunTally;
  releasing: Promise<void> | undefined;
  /** What the model is shown of the past, once that is known. */
  report: (() => ContextReport) | undefined;
  /** Of the last step, until it is written with the end of the run. */
  lastStep: ModelStepRecord | undefined;
  private readonly giveUp = new AbortController();
  private handedOver = false;
  private stepDeadline: NodeJS.Timeout | undefined;
  private term = 0;
  naps = 0;

  constructor(
    readonly run: OwnedRun,
    readonly options: DriveOptions,
    readonly quota: RunQuota,
    live: LiveEvents,
    readonly clock: Clock,
  ) {
    this.tally = options.takenOver?.tally ?? new RunTally();
    this.firstEventId = options.takenOver?.events.at(-1)?.id ?? 1;
    const log: RunEventLog = new RunEventLog({
      firstId: this.firstEventId,
      ...(live.isShared
        ? {
            publish: async (events): Promise<void> => {
              const outcome = await live.publish(run.id, run.epoch, events, () => log.publishable(events));
              if (outcome === 'fenced') {
                this.controller.abort(new RunAborted('error', 'the run has another owner'));
                log.detach();
              }
            },
          }
        : {}),
    });
    this.log = log;
  }

  /** Fires when waiting for the database has no sense any more. */
  get givenUp(): AbortSignal {
    return this.giveUp.signal;
  }

  get isHandedOver(): boolean {
    return this.handedOver;
  }

  handOver(): void {
    if (this.handedOver) return;
    this.handedOver = true;
    this.giveUp.abort();
    this.controller.abort(new RunAborted('error', 'the process is shutting down'));
  }

  verified({ term, naps }: { readonly term: number; readonly naps: number }): void {
    this.term = term;
    this.naps = naps;
  }

  isVerified({ term, naps }: { readonly term: number; readonly naps: number }): boolean {
    return this.term === term && this.naps === naps;
  }

  stepStarted(timeoutMs: number): void {
    clearTimeout(this.stepDeadline);
    this.stepDeadline = setTimeout(
      () => this.controller.abort(new RunAborted('timeout', 'the step reached its deadline')),
      timeoutMs,
    );
  }

  over(): void {
    clearTimeout(this.stepDeadline);
  }
}
