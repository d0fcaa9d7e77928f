import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ProvidersConfig } from '../../../config/app-config.js';
import { type Ids, IDS } from '../../../shared/context/ids.js';
import type { Principal } from '../../../shared/context/principal.js';
import { textOf } from '../../../shared/llm/message.js';
import { totalTokens } from '../../../shared/llm/usage.js';
import { usdToNumber } from '../../../shared/money/usd.js';
import { AgentMetrics } from '../../observability/index.js';
import {
  EMBEDDING_PROVIDER,
  type EmbeddingProvider,
  type Embeddings,
  MODEL_CLIENT,
  type ModelClient,
  type ModelRequest,
} from '../../providers/index.js';
import { type QuotaAmount, RunQuotas } from '../../rate-limit/index.js';
import { persist } from '../journal-persistence.js';
import type { OutputScreen } from '../loop/output-screen.js';
import { callModel } from '../loop/call-model.js';
import type { ModelCallRecord } from '../loop/run-journal.js';
import { SpendingAlerts } from '../spending/spending-alerts.js';
import { EmbeddingCost } from './embedding-cost.js';
import type { SideCall, SideCallOutcome, SideEndpoint } from './side-call.js';
import { SideCallMetrics } from './side-call-metrics.js';
import { SideCallRepository } from './side-call.repository.js';

/** For one call with all its retries. */
const CALL_LIMIT_MS = 120_000;
/** Longer than any call and its write may take: whoever began it is gone. */
const LOST_AFTER_MS = 15 * 60_000;
const LOST_INTERVAL_MS = 60_000;
const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/** How a call went; `record` is what is owed, if anything. */
interface Made<T> {
  readonly record: ModelCallRecord | undefined;
  /** `undefined`: it failed. */
  readonly result: T | undefined;
  readonly error?: unknown;
}

/** Nobody but Perch itself reads these answers as they come; what they become of is screened where it is shown. */
const UNSCREENED: OutputScreen = {
  filter: () => ({ push: (delta) => delta, end: () => '', tripped: undefined }),
  call: (call) => call,
};

/**
 * Calls to models that nobody waits for and that belong to no run: they cost their user what they cost, within the same
 * budgets and windows as runs, and are in the ledger as certainly. They are not counted as requests. Where there is no room
 * they are not made.
 */
@Injectable()
export class SideCalls implements OnApplicationBootstrap {
  private readonly stopped = new AbortController();
  private readonly working = new Set<Promise<unknown>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    @Inject(EMBEDDING_PROVIDER) private readonly embeddings: EmbeddingProvider,
    private readonly calls: SideCallRepository,
    private readonly quotas: RunQuotas,
    private readonly alerts: SpendingAlerts,
    private readonly agentMetrics: AgentMetrics,
    private readonly metrics: SideCallMetrics,
    private readonly config: ProvidersConfig,
    private readonly logger: PinoLogger,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.endLost(), LOST_INTERVAL_MS);
    this.timer.unref();
  }

  /** The text that a model answers, if need be cut at the length that it may have. Never throws; metrics and log tell. */
  complete(
    principal: Principal,
    endpoint: SideEndpoint,
    request: ModelRequest,
    signal: AbortSignal,
  ): Promise<SideCallOutcome<string>> {
    const usage = this.models.estimateUsage(request, '');
    return this.make(
      {
        id: this.ids.next(),
        principal,
        endpoint,
        reserved: this.models.mostOf(request),
        sent: {
          provider: request.model.provider,
          model: request.model.id,
          usage,
          cost: this.models.costOf(request.model, usage),
          ...(request.model.priceVersion === undefined ? {} : { priceVersion: request.model.priceVersion }),
        },
      },
      async (limit) => {
        const stream = callModel(this.models, UNSCREENED, request, 1, limit);
        let next = await stream.next();
        while (!next.done) next = await stream.next();
        const { parts, error, modelCall, finishReason } = next.value;
        const text = textOf({ role: 'assistant', parts }).trim();
        const isWhole = finishReason === 'stop' || finishReason === 'length';
        const isUsable = error === undefined && isWhole && text !== '';
        return { record: modelCall, result: isUsable ? text : undefined, error };
      },
      signal,
    );
  }

  /**
   * Vectors, in the same way. What costs nothing is made at once and counted nowhere, and rejects with what the provider
   * rejects with. `undefined`: it was not made, or failed.
   */
  async embed(
    principal: Principal,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<Embeddings | undefined> {
    const { vendor, model } = this.embeddings;
    if (!vendor) return this.embeddings.embed(texts, AbortSignal.any([signal, this.stopped.signal]));
    if (vendor.pricePerToken === undefined && !this.config.allowUnpricedModels) return undefined;
    const cost = new EmbeddingCost(model, vendor);
    const made = await this.make(
      {
        id: this.ids.next(),
        principal,
        endpoint: 'embedding',
        reserved: cost.mostOf(texts),
        sent: cost.recordOf(cost.estimate(texts)),
      },
      async (limit) => {
        try {
          const result = await this.embeddings.embed(texts, limit);
          return { record: cost.recordOf(result.usage), result };
        } catch (error) {
          // Whether the vendor has counted it nobody knows; after it was sent it is charged as if.
          const isOwed = limit.aborted || cost.isOwedAfter(error);
          return {
            record: isOwed ? cost.recordOf(cost.estimate(texts)) : undefined,
            result: undefined,
            error,
          };
        }
      },
      signal,
    );
    return made.outcome === 'ok' ? made.result : undefined;
  }

  /** Breaks off what is under way, and waits until it is written down. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopped.abort();
    await Promise.allSettled(this.working);
  }

  private make<T>(
    call: SideCall,
    attempt: (limit: AbortSignal) => Promise<Made<T>>,
    signal: AbortSignal,
  ): Promise<SideCallOutcome<T>> {
    const work = this.spend(call, attempt, signal).catch((error: unknown): SideCallOutcome<T> => {
      this.logger.warn({ event: 'agent.side_call.failed', endpoint: call.endpoint, err: error });
      return { outcome: 'unavailable' };
    });
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
    return work;
  }

  private async spend<T>(
    call: SideCall,
    attempt: (limit: AbortSignal) => Promise<Made<T>>,
    signal: AbortSignal,
  ): Promise<SideCallOutcome<T>> {
    const { id, principal, endpoint, reserved } = call;
    const limit = AbortSignal.any([signal, this.stopped.signal, AbortSignal.timeout(CALL_LIMIT_MS)]);
    if (limit.aborted) return { outcome: 'unavailable' };
    const quota = this.quotas.open({ id, principal });
    let used: QuotaAmount | undefined;
    try {
      const isCovered = await quota.cover(NOTHING, reserved, limit).catch(() => 'unavailable' as const);
      if (isCovered !== true) {
        const outcome = isCovered === false ? 'refused' : 'unavailable';
        this.metrics.ended(endpoint, outcome);
        return { outcome };
      }
      await this.calls.begin(call);
      const { record, result, error } = await attempt(limit);
      if (record) used = { tokens: totalTokens(record.usage), cost: record.cost ?? 0n };
      // What cannot be written now is charged by `endLost` of whichever process lives.
      await persist(() => this.calls.end(call, record), this.stopped.signal);
      if (record) this.count(principal, record);
      this.metrics.ended(endpoint, result === undefined ? 'failed' : 'ok');
      if (result !== undefined) return { outcome: 'ok', result };
      this.logger.warn({ event: 'agent.side_call.failed', endpoint, user_id: principal.userId, err: error });
      return { outcome: 'failed' };
    } finally {
      quota.settle(used);
      if (used) this.alerts.afterSpending(principal.userId, quota.limits);
    }
  }

  private count({ tier }: Principal, { model, usage, cost }: ModelCallRecord): void {
    this.agentMetrics.recordUsage({
      tier,
      model,
      tokens: totalTokens(usage),
      ...(cost === undefined ? {} : { costUsd: usdToNumber(cost) }),
    });
  }

  private async endLost(): Promise<void> {
    try {
      const lost = await this.calls.endLost(LOST_AFTER_MS);
      if (lost > 0) this.logger.warn({ event: 'agent.side_call.lost', calls: lost });
    } catch (error) {
      this.logger.warn({ event: 'agent.side_call.not_swept', err: error });
    }
  }
}
