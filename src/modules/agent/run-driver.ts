import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import type { UsageMeter } from '../../shared/context/usage-meter.js';
import { toProblem } from '../../shared/errors/problem-catalog.js';
import { MODEL_CLIENT, type ModelClient } from '../providers/index.js';
import { ToolExecutor, toToolResult } from '../tools/index.js';
import { ActiveRuns, type ActiveRun, type RunOutcome } from './active-runs.js';
import { toRunError } from './agent.errors.js';
import { RunEventLog } from './events/run-event-log.js';
import type { ExecuteTool } from './loop/execute-tool-calls.js';
import { type LoopEnd, RunAborted, runLoop, type RunRequest } from './loop/run-loop.js';
import type { OwnedRun, RunClosing } from './run.js';
import { RunJournalRepository } from './run-journal.repository.js';
import { RunReporter } from './run-reporter.js';
import { RunTally } from './run-tally.js';

export interface DriveOptions {
  /** Builds what the loop works on; reads the history. */
  readonly prepare: () => Promise<RunRequest>;
  /** The model that was asked for. */
  readonly model: string;
  readonly timeoutMs: number;
  readonly requestId: string | undefined;
  /** Counts for the quota; held until the run has ended. */
  readonly meter: UsageMeter | undefined;
  readonly messageLength: number;
}

/**
 * Drives runs: pulls the loop, hands its events to the run's log, closes the journal, and tells metrics, log and meter.
 * A driven run belongs to this class and to nobody's request.
 */
@Injectable()
export class RunDriver {
  constructor(
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    private readonly tools: ToolExecutor,
    private readonly journal: RunJournalRepository,
    private readonly active: ActiveRuns,
    private readonly reporter: RunReporter,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /** Starts at once and returns at once. */
  start(run: OwnedRun, options: DriveOptions): ActiveRun {
    const events = new RunEventLog();
    const controller = new AbortController();
    const active: ActiveRun = {
      runId: run.id,
      sessionId: run.sessionId,
      events,
      outcome: this.drive(run, options, events, controller),
      abort: (reason) => controller.abort(reason),
    };
    this.active.add(active);
    return active;
  }

  private async drive(
    run: OwnedRun,
    options: DriveOptions,
    events: RunEventLog,
    controller: AbortController,
  ): Promise<RunOutcome> {
    const startedMs = this.clock.monotonicMs();
    const tally = new RunTally();
    const releaseMeter = options.meter?.hold();
    const deadline = setTimeout(() => {
      controller.abort(new RunAborted('timeout', 'the run reached its deadline'));
    }, options.timeoutMs);
    this.reporter.started();
    events.append({ type: 'run-start', runId: run.id, sessionId: run.sessionId });

    const end = await this.loop(run, options, events, controller.signal, tally).catch(
      (error: unknown): LoopEnd => ({
        stopReason: 'error',
        finishReason: 'error',
        model: options.model,
        messageId: null,
        content: '',
        error,
      }),
    );
    clearTimeout(deadline);
    // Whatever of the run still waits for something (a tool, a socket) ends here.
    controller.abort(new RunAborted('cancelled', 'the run has ended'));

    const closing = this.toClosing(end, tally, options.requestId);
    await this.close(run, closing);
    const latencyMs = this.clock.monotonicMs() - startedMs;
    const { messageLength, requestId } = options;
    this.reporter.ended(run, closing, tally, { latencyMs, messageLength, requestId, error: end.error });
    releaseMeter?.();
    const outcome = toOutcome(run, end, closing, tally, latencyMs);
    events.append(outcome);
    return outcome;
  }

  private async loop(
    run: OwnedRun,
    options: DriveOptions,
    events: RunEventLog,
    signal: AbortSignal,
    tally: RunTally,
  ): Promise<LoopEnd> {
    const request = await options.prepare();
    const loop = runLoop(
      request,
      {
        models: this.models,
        executeTool: this.executeToolFor(run, request, signal),
        journal: this.journal.forRun(run),
        onModelCall: (call) => {
          tally.addModelCall(call);
          options.meter?.add(call.usage, call.cost);
          this.reporter.modelCalled(run, call);
        },
        clock: this.clock,
        ids: this.ids,
      },
      signal,
    );
    for (;;) {
      const next = await loop.next();
      if (next.done) return next.value;
      tally.observe(next.value);
      events.append(next.value);
    }
  }

  private executeToolFor(run: OwnedRun, request: RunRequest, signal: AbortSignal): ExecuteTool {
    const allowedTools = new Set(request.tools.map((tool) => tool.name));
    return async (call, seq) =>
      toToolResult(
        call,
        await this.tools.execute(
          {
            toolName: call.toolName,
            input: call.input,
            toolCallId: call.toolCallId,
            idempotencyKey: `${run.id}:${seq}`,
          },
          { principal: run.principal, runId: run.id, signal, allowedTools },
        ),
      );
  }

  private toClosing(end: LoopEnd, tally: RunTally, requestId: string | undefined): RunClosing {
    const isFailed = end.stopReason === 'error' || end.stopReason === 'timeout';
    return {
      status: isFailed ? 'failed' : end.stopReason === 'cancelled' ? 'cancelled' : 'completed',
      stopReason: end.stopReason,
      finishReason: end.finishReason,
      messageId: end.messageId,
      model: end.model,
      usage: tally.usage,
      cost: tally.cost,
      problem:
        end.stopReason === 'error'
          ? toProblem(toRunError(end.error), requestId === undefined ? {} : { requestId })
          : null,
    };
  }

  /** The answer is there whether or not it can be written down; a run that stays open is taken over by the reaper. */
  private async close(run: OwnedRun, closing: RunClosing): Promise<void> {
    try {
      if (!(await this.journal.close(run, closing)))
        this.logger.warn({ event: 'agent.run.fenced', run_id: run.id });
    } catch (error) {
      this.logger.error({ event: 'agent.run.not_closed', run_id: run.id, err: error });
    }
  }
}

function toOutcome(
  run: OwnedRun,
  end: LoopEnd,
  closing: RunClosing,
  tally: RunTally,
  latencyMs: number,
): RunOutcome {
  const { usage, cost } = tally;
  if (closing.problem) {
    return {
      type: 'run-error',
      runId: run.id,
      sessionId: run.sessionId,
      problem: closing.problem,
      partial: tally.hasStreamed,
      usage,
      cost,
    };
  }
  return {
    type: 'run-end',
    answer: {
      runId: run.id,
      sessionId: run.sessionId,
      messageId: end.messageId,
      content: end.content,
      toolCalls: tally.toolCalls,
      finishReason: end.finishReason,
      stopReason: end.stopReason,
      model: end.model,
      usage,
      cost,
      latencyMs,
    },
  };
}
