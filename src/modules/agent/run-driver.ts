import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import { LiveCredentials } from '../auth/index.js';
import { MODEL_CLIENT, type ModelClient, type ModelRequest } from '../providers/index.js';
import { RunQuotas } from '../rate-limit/index.js';
import { ActiveRuns, type ActiveRun, type RunDeparture, type RunOutcome } from './active-runs.js';
import { RunTools } from './run-tools.js';
import { Drive, type DriveOptions, type TakenOver } from './drive.js';
import { LIVE_EVENTS, type LiveEvents } from './events/live-events.js';
import { OutputGuard } from './guardrails/output-guard.js';
import type { LoggedEvent } from './events/run-event-log.js';
import { persist } from './journal-persistence.js';
import {
  type ModelStepRecord,
  RunFencedError,
  type RunJournal,
  type ToolResultRecord,
} from './loop/run-journal.js';
import { type LoopEnd, RunAborted, runLoop, SUSPENDED } from './loop/run-loop.js';
import type { StepEvent } from './loop/run-events.js';
import type { AnswerCacheUse } from './answer-cache/answer-place.js';
import { CachedAnswers } from './answer-cache/cached-answers.js';
import type { OwnedRun, RunClosing } from './run.js';
import { RunJournalRepository } from './run-journal.repository.js';
import type { PreparedRequest } from './run-preparer.js';
import { toClosing, toOutcome } from './run-outcome.js';
import { RunReporter } from './run-reporter.js';
import { SpendingAlerts } from './spending/spending-alerts.js';
import { ConversationUpkeep } from './upkeep/conversation-upkeep.js';
import { WorkerLease } from './ownership/worker-lease.js';

/** Ends the loop without ending the run: somebody else goes on with it. */
class RunMoved extends Error {}

/**
 * Drives runs: pulls the loop, hands its events to the run's log, closes the journal, and tells metrics, log and meter.
 * A driven run belongs to this class and to nobody's request, for as long as it is this process's: before anything is
 * dispatched, and after this process has slept, it makes sure of that.
 */
@Injectable()
export class RunDriver {
  constructor(
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    private readonly answers: CachedAnswers,
    private readonly tools: RunTools,
    private readonly guard: OutputGuard,
    private readonly journal: RunJournalRepository,
    private readonly active: ActiveRuns,
    private readonly lease: WorkerLease,
    private readonly credentials: LiveCredentials,
    private readonly quotas: RunQuotas,
    private readonly alerts: SpendingAlerts,
    private readonly upkeep: ConversationUpkeep,
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly reporter: RunReporter,
    private readonly config: AgentConfig,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /** Starts at once and returns at once. */
  start(run: OwnedRun, options: DriveOptions): ActiveRun {
    const quota = this.quotas.open(run, options.held);
    const drive = new Drive(run, options, quota, this.live, this.clock);
    const { controller } = drive;
    const active: ActiveRun = {
      runId: run.id,
      sessionId: run.sessionId,
      isBackground: options.isBackground,
      events: drive.log,
      firstEventId: drive.firstEventId,
      outcome: this.drive(drive),
      abort: (reason) => controller.abort(reason),
      handOver: () => drive.handOver(),
    };
    this.active.add(active);
    return active;
  }

  private async drive(drive: Drive): Promise<RunOutcome | RunDeparture> {
    const { run, options, log, controller, tally } = drive;
    const { takenOver } = options;
    const startedMs = this.clock.monotonicMs() - (takenOver?.elapsedMs ?? 0);
    const deadline = setTimeout(
      () => controller.abort(new RunAborted('timeout', 'the run reached its deadline')),
      Math.max(options.timeoutMs, 0),
    );
    const { userId } = run.principal;
    const account = this.credentials.watch({ kind: 'account', userId, id: userId });
    account.signal.addEventListener('abort', () =>
      controller.abort(new RunAborted('cancelled', 'the account may not be used any more')),
    );
    drive.verified(this.lease);
    this.reporter.started();
    if (options.isCancelled) controller.abort(new RunAborted('cancelled', 'the run was cancelled'));
    try {
      if (takenOver) await this.takeOver(drive, takenOver);
      else log.append({ type: 'run-start', runId: run.id, sessionId: run.sessionId });

      const end = await this.loop(drive).catch((error: unknown): LoopEnd => {
        if (error instanceof RunFencedError || error instanceof RunMoved) throw error;
        return {
          stopReason: 'error',
          finishReason: 'error',
          model: options.model,
          messageId: null,
          content: '',
          error,
        };
      });
      clearTimeout(deadline);
      if (end === SUSPENDED) return this.leaveSuspended(drive);
      if (drive.isHandedOver && end.stopReason === 'error') await this.release(drive, drive.lastStep);
      // Whatever of the run still waits for something (a tool, a socket) ends here.
      controller.abort(new RunAborted('cancelled', 'the run has ended'));

      const closing = toClosing(end, tally, drive.report?.(), options.requestId);
      const latencyMs = this.clock.monotonicMs() - startedMs;
      const outcome = toOutcome(run, end, closing, tally, latencyMs);
      await this.close(drive, closing, outcome);
      // Who is answered from the cache has asked all the same.
      drive.quota.settle(tally.modelCalls > 0 || closing.isCached ? tally.spent : undefined);
      this.alerts.afterSpending(run.principal.userId, drive.quota.limits);
      this.upkeep.afterRun(run);
      const { messageLength, requestId } = options;
      this.reporter.ended(run, closing, tally, { latencyMs, messageLength, requestId, error: end.error });
      return outcome;
    } catch (error) {
      clearTimeout(deadline);
      controller.abort(new RunAborted('cancelled', 'the run is no longer ours'));
      const name =
        error instanceof RunFencedError
          ? 'fenced'
          : error instanceof RunMoved
            ? 'handed_over'
            : 'not_written';
      this.logger.warn({
        event: `agent.run.${name}`,
        run_id: run.id,
        epoch: run.epoch,
        ...(name === 'not_written' ? { err: error } : {}),
      });
      if (name === 'not_written') this.active.leaveUnwritten(run.id);
      drive.quota.leave();
      this.reporter.left();
      log.detach();
      return 'moved';
    } finally {
      account.release();
      drive.over();
    }
  }

  /** The run waits for a person and is in nobody's hands: what it has spent is settled, its listeners follow it from the database. */
  private leaveSuspended(drive: Drive): 'suspended' {
    const { run, tally, quota, controller, log } = drive;
    controller.abort(new RunAborted('cancelled', 'the run waits for a person'));
    quota.settle(tally.spent);
    this.alerts.afterSpending(run.principal.userId, quota.limits);
    this.reporter.left();
    this.logger.info({ event: 'agent.run.suspended', run_id: run.id, epoch: run.epoch });
    log.detach();
    return SUSPENDED;
  }

  private async takeOver(drive: Drive, { events, lostCall }: TakenOver): Promise<void> {
    const { run, log } = drive;
    log.stage([events.at(-1)!.event]);
    await persist(() => this.journal.resume(run, events, lostCall), drive.givenUp);
    log.markStored(events.at(-1)!.id);
    if (lostCall) {
      drive.tally.addModelCall(lostCall.call);
      this.reporter.modelCalled(run, lostCall.call);
    }
  }

  private async loop(drive: Drive): Promise<LoopEnd | typeof SUSPENDED> {
    const { run, options, log, controller, tally } = drive;
    const { signal } = controller;
    const request = await options.prepare();
    drive.report = request.report;
    const output = this.guard.open(run, request);
    const loop = runLoop(
      request,
      {
        models: { ...this.guardedModels(drive, request.answerCache) },
        output,
        executeTool: async (call, seq, step) => {
          await this.assertOwned(drive);
          return this.tools.execute(run, request, { call, seq, step }, signal, (event) => log.append(event));
        },
        offerTools: () => this.tools.offer(run, request.tools, signal),
        approvalsFor: (intents) => this.tools.approvalsFor(run, request, intents, signal),
        reserve: (call) => this.reserve(drive, call),
        journal: this.journalFor(drive, request),
        onModelCall: (call) => {
          tally.addModelCall(call);
          this.reporter.modelCalled(run, call);
        },
        clock: this.clock,
        ids: this.ids,
      },
      signal,
    );
    for (;;) {
      const next = await loop.next();
      if (next.done) {
        await output.recorded();
        return next.value;
      }
      // A process that slept may have been given up: what it reads now must not reach anybody before it knows.
      if (drive.naps !== this.lease.naps) await this.assertOwned(drive);
      if (next.value.type === 'step-start') drive.stepStarted(this.config.stepTimeoutMs);
      tally.observe(next.value);
      log.append(next.value);
    }
  }

  /**
   * The models, but nothing is sent to one before it is certain that the run is still ours. The first call of a run may be
   * answered from the cache: what follows on tools or on another owner's work is its own.
   */
  private guardedModels(drive: Drive, cache: AnswerCacheUse | undefined): ModelClient {
    const { models, answers } = this;
    const assertOwned = (): Promise<void> => this.assertOwned(drive);
    let use = drive.options.takenOver ? undefined : cache;
    return {
      async *stream(request, signal) {
        await assertOwned();
        const first = use;
        use = undefined;
        yield* first ? answers.stream(models, first, request, signal) : models.stream(request, signal);
      },
      find: (id) => models.find(id),
      list: () => models.list(),
      costOf: (model, usage) => models.costOf(model, usage),
      mostOf: (request) => models.mostOf(request),
      estimateUsage: (request, output) => models.estimateUsage(request, output),
    };
  }

  private async reserve(drive: Drive, request: ModelRequest): Promise<boolean> {
    const { run, quota, tally, controller } = drive;
    const next = this.models.mostOf(request);
    if (!(await quota.cover(tally.spent, next, controller.signal))) return false;
    // What the guard held is in the run's row since its admission.
    const isNoted =
      tally.modelCalls === 0 && quota.held.cost >= next.cost && quota.held.tokens >= next.tokens;
    if (!isNoted && !(await persist(() => this.journal.reserve(run, next), drive.givenUp))) {
      throw new RunFencedError(run.id);
    }
    return true;
  }

  /** While the lease has held without a break since the last look, nobody can have taken the run: no query is needed. */
  private async assertOwned(drive: Drive): Promise<void> {
    if (this.lease.isHeld && drive.isVerified(this.lease)) return;
    await persist(() => this.lease.renew(), drive.givenUp);
    const { term, naps } = this.lease;
    if (!(await persist(() => this.journal.isOwned(drive.run), drive.givenUp))) {
      throw new RunFencedError(drive.run.id);
    }
    drive.verified({ term, naps });
  }

  /** The loop's journal: adds the events to each write, repeats it while the database is away, and hands the run over. */
  private journalFor(drive: Drive, { exposure }: PreparedRequest): RunJournal {
    const writes = this.journal.forRun(drive.run);
    const commit = (then: readonly StepEvent[], write: (events: readonly LoggedEvent[]) => Promise<void>) =>
      this.commit(drive, then, write);
    return {
      commitModelStep: async (record, then) => {
        if (drive.isHandedOver && !record.isComplete) {
          await this.release(drive, record);
        }
        // A step without calls is the last one: it is written with the end of the run.
        if (record.intents.length === 0) {
          drive.lastStep = record;
          drive.log.stage(then);
        } else {
          await commit(then, (events) => writes.commitModelStep(record, events));
        }
      },
      dispatch: (intents) => persist(() => writes.dispatch(intents), drive.givenUp),
      recordToolResult: async (record) => {
        if (drive.isHandedOver && isCancelled(record)) await this.release(drive);
        await persist(() => writes.recordToolResult(record), drive.givenUp);
      },
      commitToolResults: async (records, messageId, then) => {
        if (drive.isHandedOver && records.some(isCancelled)) await this.release(drive);
        await commit(then, (events) => writes.commitToolResults(records, messageId, events));
        exposure.add(records.map(({ result }) => result));
      },
    };
  }

  private async commit(
    drive: Drive,
    then: readonly StepEvent[],
    write: (events: readonly LoggedEvent[]) => Promise<void>,
  ): Promise<void> {
    const { log, tally } = drive;
    log.stage(then);
    const events = log.unstored();
    await persist(() => write(events), drive.givenUp);
    const last = events.at(-1);
    if (last) log.markStored(last.id);
    for (const event of then) tally.observe(event);
  }

  private async close(drive: Drive, closing: RunClosing, outcome: RunOutcome): Promise<void> {
    const { run, log } = drive;
    log.stage([outcome]);
    const events = log.unstored();
    const write = () => this.journal.close(run, closing, events, drive.lastStep);
    if ((await persist(write, drive.givenUp)) === 'fenced') {
      throw new RunFencedError(run.id);
    }
    log.markStored(events.at(-1)!.id);
    this.live.end(run.id);
  }

  /** Gives the run back; `cut` is the step that was cut short. Always throws: the loop ends here. */
  private async release(drive: Drive, cut?: ModelStepRecord): Promise<never> {
    const modelCall = cut?.modelCall && { seq: cut.seq, call: cut.modelCall };
    // Once, although several tools may end at the same time.
    drive.releasing ??= this.journal.release(drive.run, drive.log.unstored(), modelCall);
    await drive.releasing;
    throw new RunMoved('the run was handed over');
  }
}

function isCancelled({ result: { isError, result } }: ToolResultRecord): boolean {
  return isError && JSON.stringify(result).includes('"code":"cancelled"');
}
