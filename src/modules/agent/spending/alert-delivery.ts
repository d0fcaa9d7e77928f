import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AlertMetrics } from './alert-metrics.js';
import { AlertRepository, type AlertToDeliver } from './alert.repository.js';
import { AlertWebhook, WebhookFailure } from './alert-webhook.js';

const POLL_MS = 5_000;
const BATCH = 10;
/** Longer than a try may take: what is not settled then belonged to a process that died. */
const LEASE_MS = 30_000;
/** Over about seven hours. */
export const MAX_ATTEMPTS = 12;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 3_600_000;
/** How long a shutdown waits for the database to be told what became of the last tries. */
const STOP_MS = 2_000;

/** Before the try after this one: three times as long each time, and never the same for two. */
export function pauseAfter(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_PAUSE_MS * 3 ** (attempt - 1), MAX_PAUSE_MS);
  return Math.round(longest * (0.75 + random() / 4));
}

/**
 * Brings alerts to the webhook, at least once each. What waits is in the database: whichever process sees first that a try
 * is due makes it.
 */
@Injectable()
export class AlertDelivery implements OnApplicationBootstrap {
  private readonly stopped = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly alerts: AlertRepository,
    private readonly webhook: AlertWebhook,
    private readonly metrics: AlertMetrics,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.webhook.isConfigured) return;
    this.timer = setInterval(() => void this.deliverDue(), POLL_MS);
    this.timer.unref();
    void this.deliverDue();
  }

  /** Tries that are under way are broken off; any process makes them again. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopped.abort();
    await Promise.race([this.working, delay(STOP_MS, undefined, { ref: false })]);
  }

  /** Makes all tries that are due. Resolves when they are over, and never rejects. */
  async deliverDue(): Promise<void> {
    if (!this.webhook.isConfigured || this.stopped.signal.aborted) return;
    this.again = true;
    await (this.working ??= this.work());
  }

  private async work(): Promise<void> {
    while (this.again && !this.stopped.signal.aborted) {
      this.again = false;
      try {
        const due = await this.alerts.claimDue(BATCH, LEASE_MS);
        await Promise.all(due.map((one) => this.deliver(one)));
        if (due.length === BATCH) this.again = true;
      } catch (error) {
        this.logger.warn({ event: 'quota.alert.delivery_failed', err: error });
      }
    }
    this.working = undefined;
  }

  private async deliver(one: AlertToDeliver): Promise<void> {
    const { alert, attempt } = one;
    try {
      await this.webhook.post(alert, this.stopped.signal);
    } catch (error) {
      if (this.stopped.signal.aborted) return this.alerts.unclaim(one);
      return this.tryLater(one, error);
    }
    await this.alerts.delivered(alert.id);
    this.metrics.delivered('ok');
    this.logger.info({ event: 'quota.alert.delivered', alert_id: alert.id, attempt });
  }

  private async tryLater(one: AlertToDeliver, error: unknown): Promise<void> {
    const { alert, attempt } = one;
    const reason = error instanceof WebhookFailure ? error.reason : 'internal';
    const isLast = attempt >= MAX_ATTEMPTS;
    const about = { alert_id: alert.id, attempt, reason };
    if (isLast) this.logger.error({ event: 'quota.alert.given_up', ...about });
    else this.logger.warn({ event: 'quota.alert.not_delivered', ...about });
    this.metrics.delivered(isLast ? 'given_up' : 'failed');
    await this.alerts.failed(one, reason, isLast ? undefined : pauseAfter(attempt));
  }
}
