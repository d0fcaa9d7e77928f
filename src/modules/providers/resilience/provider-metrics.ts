import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ProviderError } from '../provider-error.js';
import type { BreakerState } from '../../../shared/resilience/circuit-breaker.js';

const REQUESTS = 'provider_requests_total';
const RETRIES = 'provider_retries_total';
const FALLBACKS = 'provider_fallbacks_total';
const BREAKER_STATE = 'provider_breaker_state';
const AUTH_FAILURES = 'provider_auth_failures_total';
const TIME_TO_FIRST_TOKEN = 'provider_time_to_first_token_seconds';

export const providerMetricProviders = [
  makeCounterProvider({
    name: REQUESTS,
    help: 'Tries at a model provider, by how they ended.',
    labelNames: ['provider', 'model', 'outcome'],
  }),
  makeCounterProvider({
    name: RETRIES,
    help: 'Repeated tries, by what the try before failed with.',
    labelNames: ['provider', 'reason'],
  }),
  makeCounterProvider({
    name: FALLBACKS,
    help: 'Calls that a fallback model took over, by that model.',
    labelNames: ['provider', 'model'],
  }),
  makeGaugeProvider({
    name: BREAKER_STATE,
    help: '0: closed, 1: half-open, 2: open.',
    labelNames: ['provider', 'model'],
  }),
  makeCounterProvider({
    name: AUTH_FAILURES,
    help: 'Tries that a provider refused because of our key. Worth an alert.',
    labelNames: ['provider'],
  }),
  makeHistogramProvider({
    name: TIME_TO_FIRST_TOKEN,
    help: 'From sending a try to its first part.',
    labelNames: ['provider', 'model'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  }),
];

/** `ok`, the reason of the failure, or that the caller left. */
export type RequestOutcome = 'ok' | 'aborted' | ProviderError['reason'];

const STATE_VALUES: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** What the model calls tell the metrics. */
@Injectable()
export class ProviderMetrics {
  constructor(
    @InjectMetric(REQUESTS) private readonly requests: Counter,
    @InjectMetric(RETRIES) private readonly retries: Counter,
    @InjectMetric(FALLBACKS) private readonly fallbacks: Counter,
    @InjectMetric(BREAKER_STATE) private readonly breakerStates: Gauge,
    @InjectMetric(AUTH_FAILURES) private readonly authFailures: Counter,
    @InjectMetric(TIME_TO_FIRST_TOKEN) private readonly timeToFirstToken: Histogram,
  ) {}

  requested(model: ModelInfo, outcome: RequestOutcome): void {
    this.requests.inc({ provider: model.provider, model: model.id, outcome });
  }

  /** The reason is the HTTP status where there was one. */
  retried(error: ProviderError): void {
    this.retries.inc({ provider: error.provider, reason: String(error.status ?? error.reason) });
  }

  fellBack(to: ModelInfo): void {
    this.fallbacks.inc({ provider: to.provider, model: to.id });
  }

  breaker(model: ModelInfo, state: BreakerState): void {
    this.breakerStates.set({ provider: model.provider, model: model.id }, STATE_VALUES[state]);
  }

  authFailed(model: ModelInfo): void {
    this.authFailures.inc({ provider: model.provider });
  }

  firstPart(model: ModelInfo, seconds: number): void {
    this.timeToFirstToken.observe({ provider: model.provider, model: model.id }, seconds);
  }
}
