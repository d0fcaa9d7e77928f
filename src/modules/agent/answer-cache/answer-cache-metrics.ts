import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';

const OUTCOMES = 'answer_cache_total';

export const ANSWER_CACHE_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: OUTCOMES,
    help: 'First model calls of agents with an answer cache: what was found, and what became of new answers',
    labelNames: ['outcome'],
  }),
];

/** `skipped`: an answer that is not kept. `error`: the cache could not be asked, or took too long. */
export type AnswerCacheOutcome = 'hit' | 'miss' | 'stored' | 'skipped' | 'error';

@Injectable()
export class AnswerCacheMetrics {
  constructor(@InjectMetric(OUTCOMES) private readonly outcomes: Counter) {}

  count(outcome: AnswerCacheOutcome): void {
    this.outcomes.inc({ outcome });
  }
}
