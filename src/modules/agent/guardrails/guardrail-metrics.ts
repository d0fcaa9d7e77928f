import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Origin } from './detector/guardrail-model.js';
import type { GuardrailVerdict } from './guardrail-verdict.js';

const CHECKS = 'guardrail_checks_total';
const SCORE = 'guardrail_score';
const JUDGE = 'guardrail_judge_total';

export const GUARDRAIL_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: CHECKS,
    help: 'Texts that the guardrail has judged',
    labelNames: ['origin', 'verdict'],
  }),
  makeHistogramProvider({
    name: SCORE,
    help: 'How suspicious texts were, from 0 to 1',
    labelNames: ['origin'],
    buckets: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1],
  }),
  makeCounterProvider({
    name: JUDGE,
    help: 'Second opinions on suspicious texts, by what came of them',
    labelNames: ['outcome'],
  }),
];

@Injectable()
export class GuardrailMetrics {
  constructor(
    @InjectMetric(CHECKS) private readonly checks: Counter,
    @InjectMetric(SCORE) private readonly scores: Histogram,
    @InjectMetric(JUDGE) private readonly judge: Counter,
  ) {}

  checked(origin: Origin, { verdict, score }: GuardrailVerdict): void {
    this.checks.inc({ origin, verdict });
    this.scores.observe({ origin }, score);
  }

  /** `failed`: no answer in time, or none that can be read. */
  judged(outcome: 'attack' | 'harmless' | 'failed'): void {
    this.judge.inc({ outcome });
  }
}
