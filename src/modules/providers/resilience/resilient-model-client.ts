import type { PinoLogger } from 'nestjs-pino';
import type { ProvidersConfig } from '../../../config/app-config.js';
import type { Clock } from '../../../shared/context/clock.js';
import { validationFailed } from '../../../shared/errors/app-error.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { PicoUsd } from '../../../shared/money/usd.js';
import { costOf } from '../catalogue/cost-of.js';
import { estimateUsage } from '../catalogue/estimate-usage.js';
import { type CallBound, mostOf } from '../catalogue/most-of.js';
import type { ModelCatalogue } from '../catalogue/model-catalogue.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { LlmProvider, ModelEvent, ModelRequest } from '../llm-provider.js';
import type { ProviderName } from '../provider-name.js';
import type { ModelCallEvent, ModelClient } from '../model-client.js';
import { ProviderError } from '../provider-error.js';
import { attempt, isPart } from './attempt.js';
import { backoffMs, MAX_RETRIES } from './backoff.js';
import type { BreakerPermit, BreakerState } from '../../../shared/resilience/circuit-breaker.js';
import { modelsFor } from './fallback-chain.js';
import { pause } from './pause.js';
import { ProviderGuards } from './provider-guards.js';
import type { ProviderMetrics } from './provider-metrics.js';
import type { Timers } from './timers.js';

export interface ResilientModelClientOptions {
  readonly catalogue: ModelCatalogue;
  readonly providers: ReadonlyMap<ProviderName, LlmProvider>;
  readonly config: Pick<
    ProvidersConfig,
    | 'fallbackModels'
    | 'allowUnpricedModels'
    | 'firstTokenTimeoutMs'
    | 'stallTimeoutMs'
    | 'requestTimeoutMs'
    | 'breakerOpenMs'
  >;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Pick<ProviderMetrics, keyof ProviderMetrics>;
  readonly logger: Pick<PinoLogger, 'info' | 'warn' | 'error'>;
}

/** One call's state across its tries. */
interface Call {
  readonly signal: AbortSignal;
  /** On the monotonic clock. */
  readonly deadlineAt: number;
  /** The caller has seen a part: from now on every failure is final. */
  hasParts: boolean;
}

const UNHEALTHY: ReadonlySet<ProviderError['reason']> = new Set([
  'server-error',
  'overloaded',
  'connection',
  'timeout',
]);

/**
 * The one owner of retries, deadlines, breakers and fallbacks: vendors' SDKs and the adapters do none of it.
 * Nothing is repeated once the caller has seen a part, and nothing is sent to a vendor whose breaker is open.
 */
export class ResilientModelClient implements ModelClient {
  readonly #options: ResilientModelClientOptions;
  readonly #guards: ProviderGuards;

  constructor(options: ResilientModelClientOptions) {
    this.#options = options;
    this.#guards = new ProviderGuards({
      clock: options.clock,
      breakerOpenMs: options.config.breakerOpenMs,
      onBreakerChange: (model, state) => this.#reportBreaker(model, state),
    });
  }

  find(modelId: string): ModelInfo | undefined {
    return this.#options.catalogue.find(modelId);
  }

  list(): readonly ModelInfo[] {
    return this.#options.catalogue.list();
  }

  costOf(model: ModelInfo, usage: Usage): PicoUsd | undefined {
    return costOf(model, usage);
  }

  mostOf(request: ModelRequest): CallBound {
    const { catalogue, config } = this.#options;
    return mostOf(request, modelsFor(request, catalogue, config));
  }

  estimateUsage(request: ModelRequest, output: string): Usage {
    return estimateUsage(request, output);
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelCallEvent, void, undefined> {
    const { catalogue, config, clock, metrics, logger } = this.#options;
    signal.throwIfAborted();
    if (!request.model.price && !config.allowUnpricedModels) {
      throw validationFailed([
        { pointer: '/model', detail: 'The price of this model is not known, so it may not be used here.' },
      ]);
    }
    const call: Call = { signal, deadlineAt: clock.monotonicMs() + config.requestTimeoutMs, hasParts: false };
    const failures: ProviderError[] = [];
    for (const model of modelsFor(request, catalogue, config)) {
      const failed = failures.at(-1);
      if (failed) {
        if (this.#remainingMs(call) <= 0) break;
        metrics.fellBack(model);
        logger.warn({
          event: 'provider.fallback',
          provider: model.provider,
          model: model.id,
          reason: failed.reason,
        });
      }
      yield { type: 'model', model };
      try {
        return yield* this.#callModel(forModel(request, model), call);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ProviderError) || call.hasParts || !error.allowsFallback) throw error;
        failures.push(error);
      }
    }
    // What may pass by itself is the better news for the caller than a fallback that is set up wrongly.
    throw failures.find((failure) => failure.isRetryable) ?? failures[0]!;
  }

  /** Tries one model until it works, fails for good, or the retries are used up. */
  async *#callModel(request: ModelRequest, call: Call): AsyncGenerator<ModelEvent, void, undefined> {
    const { timers, random, metrics, logger } = this.#options;
    const { model } = request;
    const breaker = this.#guards.breakerOf(model);
    const budget = this.#guards.budgetOf(model);
    let failed: ProviderError | undefined;
    for (let retries = 0; ; retries++) {
      const answer = breaker.acquire();
      if (!answer.permit) {
        throw new ProviderError(model.provider, 'overloaded', { retryAfterMs: answer.retryAfterMs });
      }
      if (failed) metrics.retried(failed);
      else budget.deposit();
      try {
        return yield* this.#tryOnce(request, call, answer.permit, answer.isProbe);
      } catch (error) {
        call.signal.throwIfAborted();
        if (!(error instanceof ProviderError) || call.hasParts || !error.isRetryable) throw error;
        if (retries >= MAX_RETRIES) throw error;
        const waitMs = backoffMs(retries, error.retryAfterMs, random);
        if (waitMs >= this.#remainingMs(call) || breaker.state === 'open' || !budget.take()) throw error;
        logger.warn({
          event: 'provider.retry',
          provider: model.provider,
          model: model.id,
          reason: error.reason,
          status: error.status,
          vendor_request_id: error.vendorRequestId,
          wait_ms: Math.round(waitMs),
        });
        // Ends early when the breaker opens: it then refuses the next try, and a fallback takes over.
        await pause(waitMs, timers, call.signal, breaker);
        failed = error;
      }
    }
  }

  async *#tryOnce(
    request: ModelRequest,
    call: Call,
    permit: BreakerPermit,
    isProbe: boolean,
  ): AsyncGenerator<ModelEvent, void, undefined> {
    const { config, clock, timers, metrics } = this.#options;
    const { model } = request;
    const startedAt = clock.monotonicMs();
    let isReported = false;
    const report = (outcome: Parameters<ProviderMetrics['requested']>[1]): void => {
      if (!isReported) metrics.requested(model, outcome);
      isReported = true;
    };
    try {
      const events = attempt(this.#providerOf(model), request, {
        clock,
        timers,
        signal: call.signal,
        firstPartMs: config.firstTokenTimeoutMs,
        stallMs: model.stallTimeoutMs ?? config.stallTimeoutMs,
        totalMs: this.#remainingMs(call),
      });
      for await (const event of events) {
        if (isPart(event) && !call.hasParts) {
          call.hasParts = true;
          metrics.firstPart(model, (clock.monotonicMs() - startedAt) / 1000);
          // Others wait for the probe's verdict: the first part is verdict enough.
          if (isProbe) permit.succeeded();
        }
        if (event.type === 'finish') {
          permit.succeeded();
          report('ok');
        }
        yield event;
      }
    } catch (error) {
      if (error instanceof ProviderError && !call.signal.aborted) {
        this.#judge(error, model, permit, isProbe);
        report(error.reason);
      }
      throw error;
    } finally {
      // Still undecided: the caller left, or something of ours broke.
      permit.released();
      report('aborted');
    }
  }

  #judge(error: ProviderError, model: ModelInfo, permit: BreakerPermit, isProbe: boolean): void {
    if (UNHEALTHY.has(error.reason)) permit.failed();
    // A vendor that refuses is there.
    else if (isProbe) permit.succeeded();
    if (error.reason !== 'authentication') return;
    this.#options.metrics.authFailed(model);
    this.#options.logger.error({
      event: 'provider.auth.failed',
      provider: model.provider,
      model: model.id,
      status: error.status,
      vendor_request_id: error.vendorRequestId,
    });
  }

  #reportBreaker(model: ModelInfo, state: BreakerState): void {
    const { metrics, logger, config } = this.#options;
    metrics.breaker(model, state);
    const about = { provider: model.provider, model: model.id };
    if (state === 'open') {
      logger.error({ event: 'provider.breaker.opened', ...about, open_ms: config.breakerOpenMs });
    } else if (state === 'closed') {
      logger.info({ event: 'provider.breaker.closed', ...about });
    }
  }

  #remainingMs(call: Call): number {
    return call.deadlineAt - this.#options.clock.monotonicMs();
  }

  #providerOf(model: ModelInfo): LlmProvider {
    const provider = this.#options.providers.get(model.provider);
    if (!provider) throw new Error(`There is no adapter for ${model.provider}.`);
    return provider;
  }
}

/** A fallback may write less than the model that was asked for. */
function forModel(request: ModelRequest, model: ModelInfo): ModelRequest {
  return {
    ...request,
    model,
    maxOutputTokens: Math.min(request.maxOutputTokens, model.maxOutputTokens ?? Infinity),
  };
}
