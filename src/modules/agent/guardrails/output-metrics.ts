import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import type { OutputFinding } from './output/output-filter.js';

const FOUND = 'output_filter_total';

export const OUTPUT_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: FOUND,
    help: 'What was taken out of answers: link, image, secret; or ended them: canary, system_prompt.',
    labelNames: ['what'],
  }),
];

/** What the output filter tells the metrics. */
@Injectable()
export class OutputMetrics {
  constructor(@InjectMetric(FOUND) private readonly findings: Counter) {}

  found(what: OutputFinding): void {
    this.findings.inc({ what });
  }
}
