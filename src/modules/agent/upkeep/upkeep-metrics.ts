import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';

const SUMMARIES = 'conversation_summaries_total';
const TITLES = 'conversation_titles_total';

export const UPKEEP_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: SUMMARIES,
    help: 'Summaries of conversations, by how they ended',
    labelNames: ['outcome'],
  }),
  makeCounterProvider({
    name: TITLES,
    help: 'Titles that models gave to conversations, by how that ended',
    labelNames: ['outcome'],
  }),
];

/** `skipped`: there was no room in its user's budget. `lost`: the conversation was erased, or somebody else has written one. */
export type UpkeepOutcome = 'written' | 'skipped' | 'failed' | 'lost';

@Injectable()
export class UpkeepMetrics {
  constructor(
    @InjectMetric(SUMMARIES) private readonly summaries: Counter,
    @InjectMetric(TITLES) private readonly titles: Counter,
  ) {}

  summary(outcome: UpkeepOutcome): void {
    this.summaries.inc({ outcome });
  }

  title(outcome: UpkeepOutcome): void {
    this.titles.inc({ outcome });
  }
}
