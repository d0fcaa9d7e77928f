import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { IDS, type Ids, isUuid } from '../../shared/context/ids.js';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { notFound } from '../../shared/errors/app-error.js';
import { NO_USAGE } from '../../shared/llm/usage.js';
import type { UserMessage } from '../../shared/llm/message.js';
import { RunQuotas } from '../rate-limit/index.js';
import { ActiveRuns } from './active-runs.js';
import { requestInProgress, runConflict, shuttingDown, tooManyQueuedRuns } from './agent.errors.js';
import { LIVE_EVENTS, type LiveEvents } from './events/live-events.js';
import { RunEventFeed } from './events/run-event-feed.js';
import { PromptGuard } from './guardrails/prompt-guard.js';
import { RunAborted } from './loop/run-loop.js';
import { type CancelOutcome, RunQueueRepository } from './ownership/run-queue.repository.js';
import { RunSupervisor } from './ownership/run-supervisor.js';
import { WorkerLease } from './ownership/worker-lease.js';
import type { RunEndpoint, RunOptions, RunRecord, RunReference, RunRequestRecord, RunStatus } from './run.js';
import { type Admission, type AdmissionOutcome, RunAdmissionRepository } from './run-admission.repository.js';
import { RunDriver } from './run-driver.js';
import { type PreparedRun, RunPreparer } from './run-preparer.js';
import { RunRepository } from './run.repository.js';

const HOUR_MS = 3_600_000;
const MAX_TITLE_LENGTH = 80;
/** How long a cancellation waits for a run that is driven elsewhere: its owner is told at once. */
const CANCELLED_WITHIN_MS = 2_000;

/** Admits runs, cancels them and reads them. */
@Injectable()
export class RunService {
  constructor(
    private readonly preparer: RunPreparer,
    private readonly prompts: PromptGuard,
    private readonly admissions: RunAdmissionRepository,
    private readonly runs: RunRepository,
    private readonly queue: RunQueueRepository,
    private readonly driver: RunDriver,
    private readonly quotas: RunQuotas,
    private readonly supervisor: RunSupervisor,
    private readonly active: ActiveRuns,
    private readonly worker: WorkerLease,
    private readonly config: AgentConfig,
    private readonly feed: RunEventFeed,
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * Admits a run. It begins at once in this process, or waits: in the background, or behind another run of its
   * conversation. A repeated request gets the run of the first. Throws before anything is stored or spent:
   * `validation_failed` (unknown agent or model), `tool_forbidden`, `prompt_rejected`, `not_found` (a session that is not
   * this user's), `run_conflict`, `rate_limited` (too many wait), `shutting_down`.
   */
  async start(principal: Principal, endpoint: RunEndpoint, options: RunOptions): Promise<RunReference> {
    const request = requestContext.current();
    const { userId } = principal;
    const key = request?.idempotency;
    if (key?.repeats) return { runId: key.runId, sessionId: key.repeats.sessionId, userId };

    const asked = this.preparer.prepare(principal, options);
    const held = request?.reservation;
    const runId = held?.id ?? key?.runId ?? this.ids.next();
    const { verdict } = await this.prompts.admit({ userId, runId, options });
    const prepared = { ...asked, isFlagged: verdict === 'flag' };
    // From here to `expect` nothing waits: a shutdown that begins now knows of this run.
    if (this.active.isDraining) throw shuttingDown();
    const current: UserMessage = { role: 'user', parts: [{ type: 'text', text: options.message }] };
    const sessionId = options.sessionId ?? this.ids.next();
    const admission: Admission = {
      runId,
      userId,
      owner: this.worker.id,
      agent: prepared.agent.name,
      model: prepared.model.id,
      prompt: prepared.prompt,
      endpoint,
      request: toRecord(options, prepared, principal, request?.requestId),
      messageId: this.ids.next(),
      parts: current.parts,
      ...this.times(),
      reserved: held ?? { tokens: 0, cost: 0n },
      ...(key ? { idempotencyKey: key.key } : {}),
    };
    const reference: RunReference = { runId, sessionId, userId };
    const unexpect = this.active.expect(runId);
    try {
      const admitted = await this.admit(reference, endpoint, options, admission);
      if (request) request.runId = runId;
      // From here on the run settles it.
      if (held) held.isTaken = true;

      if (admitted.outcome === 'queued') {
        if (held) await this.quotas.park(runId, userId);
        if (options.onConflict === 'interrupt') {
          await this.admissions.cancelBefore(sessionId, userId, admitted.ordinal);
        }
        this.supervisor.wake();
        return reference;
      }
      this.driver.start(
        {
          id: runId,
          epoch: 1,
          sessionId,
          principal,
          endpoint,
          admittedAt: admitted.admittedAt,
          requestId: request?.requestId,
          prompt: prepared.prompt,
        },
        {
          prepare: () =>
            this.preparer.toRequest(prepared, {
              userId,
              sessionId,
              messageSeq: admitted.messageSeq,
              current,
            }),
          model: prepared.model.id,
          timeoutMs: prepared.agent.timeoutMs,
          requestId: request?.requestId,
          ...(held ? { held } : {}),
          messageLength: options.message.length,
          isBackground: false,
        },
      );
      return reference;
    } finally {
      unexpect();
    }
  }

  /**
   * Ends a run, wherever it is; ending it again, or after its end, changes nothing. Answers when it has ended, or with what
   * is known after a moment. Throws `not_found` for what is not this user's.
   */
  async cancel(principal: Principal, runId: string): Promise<RunReference & { status: RunStatus }> {
    const { userId } = principal;
    const run = isUuid(runId) ? await this.queue.findReference(userId, runId) : undefined;
    if (!run) throw notFound();
    if (this.abortLocal(run)) {
      await this.active.get(runId)?.outcome;
    } else if ((await this.requestCancellation(run)) === 'requested') {
      await this.feed.outcome(run, AbortSignal.timeout(CANCELLED_WITHIN_MS));
    }
    return (await this.queue.findReference(userId, runId)) ?? run;
  }

  /**
   * Its caller has left, and nobody else asked for it. One that waits for a person is not ended by that: whoever is asked
   * may answer tomorrow. Returns at once; what fails is logged.
   */
  abandon(run: RunReference): void {
    if (this.abortLocal(run)) return;
    this.requestCancellation(run, { sparesWaiting: true }).catch((error: unknown) => {
      this.logger.error({ event: 'agent.run.not_cancelled', run_id: run.runId, err: error });
    });
  }

  private abortLocal({ runId }: RunReference): boolean {
    const local = this.active.get(runId);
    local?.abort(new RunAborted('cancelled', 'the run was cancelled'));
    return local !== undefined;
  }

  private async requestCancellation(
    run: RunReference,
    options: { sparesWaiting?: boolean } = {},
  ): Promise<CancelOutcome> {
    const { runId, sessionId, userId } = run;
    const { model = '', prompt = null } = (await this.runs.findOne(userId, runId)) ?? {};
    const outcome = await this.queue.cancel(
      userId,
      runId,
      {
        id: 2,
        event: {
          type: 'run-end',
          answer: {
            runId,
            sessionId,
            messageId: null,
            content: '',
            toolCalls: [],
            finishReason: 'error',
            stopReason: 'cancelled',
            model,
            prompt,
            usage: NO_USAGE,
            cost: 0n,
            latencyMs: 0,
          },
        },
      },
      options,
    );
    if (outcome === 'cancelled') this.live.wake(runId);
    return outcome;
  }

  /** A run with its state. Throws `not_found` for what is not this user's. */
  async reference(userId: string, runId: string): Promise<RunReference & { status: RunStatus }> {
    const found = await this.queue.findReference(userId, runId);
    if (!found) throw notFound();
    return found;
  }

  /** Throws `not_found` for what is not this user's. */
  async find(principal: Principal, runId: string): Promise<RunReference> {
    const found = isUuid(runId) ? await this.queue.findReference(principal.userId, runId) : undefined;
    if (!found) throw notFound();
    return found;
  }

  /** Throws `not_found` for what is not this user's. */
  async read(principal: Principal, runId: string): Promise<RunRecord> {
    const run = isUuid(runId) ? await this.runs.findOne(principal.userId, runId) : undefined;
    if (!run) throw notFound();
    return run;
  }

  private async admit(
    { sessionId, userId }: RunReference,
    endpoint: RunEndpoint,
    options: RunOptions,
    admission: Admission,
  ): Promise<Extract<AdmissionOutcome, { outcome: 'started' | 'queued' }>> {
    const { onConflict } = options;
    const isNew = options.sessionId === undefined;
    const title = titleOf(options.message);
    const waits = endpoint === 'runs' || (!isNew && onConflict !== 'reject');
    if (waits) {
      const limit = this.config.maxQueuedRunsPerUser;
      if ((await this.queue.countQueuedOf(userId)) >= limit) throw tooManyQueuedRuns(limit);
    }
    const { admissions } = this;
    const result =
      endpoint === 'runs'
        ? isNew
          ? await admissions.queueInNewConversation(sessionId, title, admission)
          : await admissions.queueInConversation(sessionId, admission, onConflict)
        : isNew
          ? await admissions.startInNewConversation(sessionId, title, admission)
          : await admissions.startInConversation(sessionId, admission, onConflict);
    switch (result.outcome) {
      case 'no_conversation':
        throw notFound();
      case 'conflict':
        throw runConflict(result.activeRunId);
      case 'claim_lost':
        throw requestInProgress();
      case 'started':
      case 'queued':
        return result;
    }
  }

  private times(): { now: Date; expiresAt: Date } {
    const now = this.clock.now();
    return { now, expiresAt: new Date(now.getTime() + this.config.conversationTtlHours * HOUR_MS) };
  }
}

function toRecord(
  options: RunOptions,
  { agent, isFlagged }: PreparedRun,
  { scopes }: Principal,
  requestId: string | undefined,
): RunRequestRecord {
  const { message, sessionId: _sessionId, onConflict: _onConflict, ...settings } = options;
  return {
    ...settings,
    ...(isFlagged ? { isFlagged } : {}),
    ...(requestId === undefined ? {} : { requestId }),
    messageLength: message.length,
    timeoutMs: agent.timeoutMs,
    ...(scopes ? { scopes: [...scopes] } : {}),
  };
}

/** Until somebody renames it: the beginning of the first message, on one line. */
function titleOf(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= MAX_TITLE_LENGTH
    ? line
    : `${characters.slice(0, MAX_TITLE_LENGTH - 1).join('')}…`;
}
