import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { limitedTo, nobody } from '../../shared/context/principal.js';
import { AppError } from '../../shared/errors/app-error.js';
import { NO_USAGE, type Usage } from '../../shared/llm/usage.js';
import type { PicoUsd } from '../../shared/money/usd.js';
import { PrincipalService } from '../auth/index.js';
import { MODEL_CLIENT, type ModelClient, type ModelInfo } from '../providers/index.js';
import { LIVE_EVENTS, type LiveEvents } from './events/live-events.js';
import type { TakenOver } from './drive.js';
import type { ModelCallRecord } from './loop/run-journal.js';
import type { ClaimedRun } from './run.js';
import { RunDriver } from './run-driver.js';
import { RunPreparer } from './run-preparer.js';
import { RunResumption, type ResumePoint } from './run-resumption.js';

/** Begins runs that were claimed: those that waited, and those that lost their owner. */
@Injectable()
export class RunLauncher {
  constructor(
    private readonly preparer: RunPreparer,
    private readonly resumption: RunResumption,
    private readonly driver: RunDriver,
    private readonly principals: PrincipalService,
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly logger: PinoLogger,
  ) {}

  /** Throws only when the database is away; the run then is this process's by name alone, and is put back later. */
  async launch(run: ClaimedRun): Promise<void> {
    const point = await this.resumption.read(run);
    const account = await this.principals.principalOfUser(run.userId);
    const { scopes } = run.request;
    const principal = limitedTo(account ?? nobody(run.userId), scopes && new Set(scopes));
    const owned = {
      id: run.id,
      epoch: run.epoch,
      sessionId: run.sessionId,
      principal,
      endpoint: run.endpoint,
      admittedAt: run.admittedAt,
      requestId: run.request.requestId,
      prompt: run.prompt,
    };
    const prepare = async () => {
      if (!account) {
        throw new AppError('forbidden', 'forbidden', { detail: 'The account of this run may not be used.' });
      }
      const { messageSeq, current, steps } = point;
      return this.preparer.toRequest(
        await this.preparer.prepareAgain(principal, run),
        { userId: run.userId, sessionId: run.sessionId, messageSeq, current },
        steps,
      );
    };
    const takenOver = run.isResumed ? await this.takenOver(run, point, prepare) : undefined;
    if (takenOver) {
      const about = { run_id: run.id, epoch: run.epoch };
      if (run.isWoken) this.logger.info({ event: 'agent.run.woken', ...about });
      else this.logger.warn({ event: 'agent.run.taken_over', ...about });
    }
    this.driver.start(owned, {
      prepare,
      model: run.model,
      timeoutMs: run.remainingMs,
      requestId: run.request.requestId,
      messageLength: run.request.messageLength,
      isBackground: run.isBackground,
      isCancelled: run.isCancelRequested,
      ...(takenOver ? { takenOver } : {}),
    });
  }

  private async takenOver(
    run: ClaimedRun,
    point: ResumePoint,
    prepare: () => ReturnType<RunPreparer['toRequest']>,
  ): Promise<TakenOver> {
    const { steps, lastEventId, lastSettledId, tally } = point;
    const tail = await this.live.adopt(run.id, run.epoch, lastEventId);
    const known = tail ?? [];
    const last = steps.at(-1);
    const isStepOpen = last !== undefined && last.intents.length > 0 && !last.areResultsCommitted;
    const step = last === undefined ? 1 : isStepOpen ? last.step : last.step + 1;
    const restart = {
      id: lastEventId + 1 + known.length,
      event: {
        type: 'step-restart' as const,
        step,
        discardAfter: lastSettledId,
        isTailLost: tail === undefined,
      },
    };
    const awaitsModel = !isStepOpen && !(last && (!last.isComplete || last.intents.length === 0));
    const lostCall =
      run.orphanedEpoch === null || !awaitsModel
        ? undefined
        : await this.lostCall(run, point, known, prepare);
    return {
      tally,
      elapsedMs: run.elapsedMs,
      events: [...known, restart],
      lostCall: lostCall && { ...lostCall, epoch: run.orphanedEpoch! },
    };
  }

  /**
   * The call that the owner before was in: what it was sent is known, what it answered as far as it was shown. Where the
   * request cannot be built any more (the account is disabled) it is taken for the most that it may have used.
   */
  private async lostCall(
    run: ClaimedRun,
    { steps, held }: ResumePoint,
    shown: TakenOver['events'],
    prepare: () => ReturnType<RunPreparer['toRequest']>,
  ): Promise<Omit<NonNullable<TakenOver['lostCall']>, 'epoch'> | undefined> {
    const request = await prepare().catch(() => undefined);
    const seq =
      Math.max(0, ...steps.flatMap((step) => [step.seq, ...step.intents.map((intent) => intent.seq)])) + 1;
    if (!request) {
      const model = this.models.find(run.model);
      const usage = { ...NO_USAGE, inputTokens: { total: held.tokens }, source: 'estimated' as const };
      return model && { seq, call: toCallRecord(model, usage, held.cost) };
    }
    const { model, system, messages, tools, maxOutputTokens } = request;
    const output = shown.reduce(
      (text, { event }) =>
        event.type === 'text-delta' || event.type === 'reasoning-delta' ? text + event.delta : text,
      '',
    );
    const sent = [
      ...messages,
      ...steps.flatMap((step) => [
        { role: 'assistant' as const, parts: step.parts },
        {
          role: 'tool' as const,
          parts: [...step.results.values()].map((result) => ({ type: 'tool-result' as const, ...result })),
        },
      ]),
    ];
    const usage = this.models.estimateUsage(
      { model, system, messages: sent, tools, maxOutputTokens },
      output,
    );
    return { seq, call: toCallRecord(model, usage, this.models.costOf(model, usage)) };
  }
}

function toCallRecord(model: ModelInfo, usage: Usage, cost: PicoUsd | undefined): ModelCallRecord {
  const { provider, id, priceVersion } = model;
  return { provider, model: id, usage, cost, ...(priceVersion === undefined ? {} : { priceVersion }) };
}
