import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { RateLimitConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { OutboundClient, OutboundFailed, OutboundRefused } from '../../tools/index.js';
import { type Alert, toAlertMembers } from './due-alerts.js';

const DEADLINE_MS = 10_000;
/** What a receiver has to say is not read; so much of it is taken off the wire, so that its connection serves the next alert. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Why a try failed: a status or an error code, nothing that the receiver wrote. */
export class WebhookFailure extends Error {
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the webhook did not take the alert: ${reason}`, options);
    this.name = 'WebhookFailure';
  }
}

/**
 * Posts an alert to PERCH_ALERT_WEBHOOK_URL. The address is the operator's own, inside their network or not, so it passes
 * no guard against private addresses; redirects are not followed, for they would not be the operator's choice.
 */
@Injectable()
export class AlertWebhook {
  constructor(
    private readonly config: RateLimitConfig,
    private readonly outbound: OutboundClient,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isConfigured(): boolean {
    return this.config.alertWebhookUrl !== undefined;
  }

  /** Throws WebhookFailure unless the receiver answers 2xx within the deadline. */
  async post(alert: Alert, signal: AbortSignal): Promise<void> {
    const { alertWebhookUrl: url, alertWebhookSecret: secret } = this.config;
    if (url === undefined) throw new WebhookFailure('not configured');
    const body = JSON.stringify(toAlertMembers(alert));
    const status = await this.send(
      url,
      body,
      {
        'content-type': 'application/json',
        ...(secret ? { 'x-perch-signature': signatureOf(body, secret.reveal(), this.clock.now()) } : {}),
      },
      signal,
    );
    if (status < 200 || status > 299) throw new WebhookFailure(`HTTP ${status}`);
  }

  private async send(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      const { status } = await this.outbound.request({
        url,
        target: { kind: 'origin', origin: new URL(url).origin },
        method: 'POST',
        headers,
        body,
        maxBytes: MAX_ANSWER_BYTES,
        timeoutMs: DEADLINE_MS,
        signal,
      });
      return status;
    } catch (error) {
      throw new WebhookFailure(reasonOf(error), { cause: error });
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof OutboundFailed) return error.code ?? error.reason;
  return error instanceof OutboundRefused ? error.reason : 'internal';
}

/** `t=<unix seconds>,v1=<HMAC-SHA-256 of "t.body", hex>`: the time is signed too, so that an old message can be told. */
export function signatureOf(body: string, secret: string, now: Date): string {
  const t = Math.floor(now.getTime() / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
