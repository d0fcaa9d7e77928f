import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import type { QuotaScope } from './quota-store.js';

const REFUSALS = 'quota_refusals_total';
const RESERVATIONS = 'quota_reservations';
const LEDGER_READS = 'quota_ledger_reads_total';

export const QUOTA_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: REFUSALS,
    help: 'Requests that were refused and runs that were ended because a quota was used up, by the scope that was',
    labelNames: ['scope'],
  }),
  makeGaugeProvider({
    name: RESERVATIONS,
    help: 'Runs of this process for which something is reserved',
  }),
  makeCounterProvider({
    name: LEDGER_READS,
    help: 'How often the quota store read from the ledger what was spent, of a user or of the installation',
    labelNames: ['book', 'outcome'],
  }),
];

/** What quotas tell the metrics. */
@Injectable()
export class QuotaMetrics {
  constructor(
    @InjectMetric(REFUSALS) private readonly refusals: Counter,
    @InjectMetric(RESERVATIONS) private readonly reservations: Gauge,
    @InjectMetric(LEDGER_READS) private readonly reads: Counter,
  ) {}

  /** `run_cost`: what one run may cost at most. */
  refused(scope: QuotaScope | 'run_cost'): void {
    this.refusals.inc({ scope });
  }

  reserved(runs: number): void {
    this.reservations.set(runs);
  }

  ledgerRead(book: 'user' | 'installation', outcome: 'ok' | 'failed'): void {
    this.reads.inc({ book, outcome });
  }
}
