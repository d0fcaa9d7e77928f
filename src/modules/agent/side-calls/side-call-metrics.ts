import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import type { SideCallOutcome, SideEndpoint } from './side-call.js';

const CALLS = 'side_calls_total';

export const SIDE_CALL_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: CALLS,
    help: 'Calls to models beside runs, by what they were for and how they ended',
    labelNames: ['endpoint', 'outcome'],
  }),
];

@Injectable()
export class SideCallMetrics {
  constructor(@InjectMetric(CALLS) private readonly calls: Counter) {}

  ended(endpoint: SideEndpoint, outcome: SideCallOutcome<unknown>['outcome']): void {
    this.calls.inc({ endpoint, outcome });
  }
}
