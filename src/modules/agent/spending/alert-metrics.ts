import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import type { DueAlert } from './due-alerts.js';

const ALERTS = 'quota_alerts_total';
const DELIVERIES = 'quota_alert_deliveries_total';

export const ALERT_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: ALERTS,
    help: 'Alerts about spending, once per user and period; the threshold is in per cent of the limit',
    labelNames: ['kind', 'threshold'],
  }),
  makeCounterProvider({
    name: DELIVERIES,
    help: 'Tries to deliver an alert to the webhook, by how they ended',
    labelNames: ['outcome'],
  }),
];

@Injectable()
export class AlertMetrics {
  constructor(
    @InjectMetric(ALERTS) private readonly alerts: Counter,
    @InjectMetric(DELIVERIES) private readonly deliveries: Counter,
  ) {}

  raised({ kind, threshold }: DueAlert): void {
    this.alerts.inc({ kind, threshold: String(threshold) });
  }

  /** `given_up`: the last try failed. */
  delivered(outcome: 'ok' | 'failed' | 'given_up'): void {
    this.deliveries.inc({ outcome });
  }
}
