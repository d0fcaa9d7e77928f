import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS } from '../../../shared/context/ids.js';
import type { PicoUsd } from '../../../shared/money/usd.js';
import type { QuotaLimits } from '../../rate-limit/index.js';
import { AlertDelivery } from './alert-delivery.js';
import { AlertMetrics } from './alert-metrics.js';
import { AlertRepository } from './alert.repository.js';
import { AlertWebhook } from './alert-webhook.js';
import {
  type Alert,
  type DueAlert,
  dueBudgetAlerts,
  dueUnusualSpending,
  toAlertMembers,
  UNUSUAL_FLOOR,
} from './due-alerts.js';
import { SpendingReportRepository } from './spending-report.repository.js';

const DAY_MS = 86_400_000;
/** With how many of the user's days a day is compared, and how far back they may lie. */
const COMPARED_DAYS = 14;
const HISTORY_MS = 90 * DAY_MS;
/** How long a shutdown waits for checks that have not been made. The user's next run makes them up. */
const STOP_MS = 2_000;
/** So long after a run its user is looked at. */
const GATHER_MS = 1_000;

type Budgets = Pick<QuotaLimits, 'dailyCost' | 'monthlyCost'>;

/** Notices when a user's spending reaches what somebody wanted to know of. */
@Injectable()
export class SpendingAlerts {
  /** Users whose spending has changed since their last check. */
  private readonly waiting = new Map<string, Budgets>();
  private working: Promise<void> | undefined;
  private readonly stopped = new AbortController();

  constructor(
    private readonly spending: SpendingReportRepository,
    private readonly alerts: AlertRepository,
    private readonly delivery: AlertDelivery,
    private readonly webhook: AlertWebhook,
    private readonly metrics: AlertMetrics,
    private readonly config: AgentConfig,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * To be called when a run has been settled. Returns at once and never throws. Users are checked one after the other, and
   * once however many of their runs have ended meanwhile, so that checks never compete with requests for the database.
   */
  afterSpending(userId: string, principalLimits: QuotaLimits): void {
    if (this.stopped.signal.aborted) return;
    this.waiting.set(userId, principalLimits);
    this.working ??= this.work();
  }

  /** Raises what is due and has not been raised. Returns what was raised here. */
  async check(userId: string, limits: Budgets): Promise<readonly Alert[]> {
    const now = this.clock.now();
    const due = await this.dueNow(userId, limits, now);
    const raised = await this.alerts.raise(
      due.map((alert) => ({ ...alert, id: this.ids.next(), userId, createdAt: now })),
      this.webhook.isConfigured,
    );
    for (const alert of raised) {
      const { id, created_at: _, ...members } = toAlertMembers(alert);
      this.logger.warn({ event: 'quota.alert', alert_id: id, ...members });
      this.metrics.raised(alert);
    }
    if (raised.length > 0) void this.delivery.deliverDue();
    return raised;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.race([this.working, delay(STOP_MS, undefined, { ref: false })]);
    this.waiting.clear();
  }

  private async work(): Promise<void> {
    // What ends within a moment is looked at once.
    await delay(GATHER_MS, undefined, { ref: false, signal: this.stopped.signal }).catch(() => undefined);
    for (const [userId, limits] of this.waiting) {
      this.waiting.delete(userId);
      try {
        await this.check(userId, limits);
      } catch (error) {
        this.logger.warn({ event: 'quota.alert.check_failed', user_id: userId, err: error });
      }
    }
    this.working = undefined;
  }

  private async dueNow(userId: string, limits: Budgets, now: Date): Promise<DueAlert[]> {
    // A run that was admitted before midnight is paid for by the day before.
    const moments = [now, new Date(now.getTime() - this.config.runTimeoutMs)];
    const days = new Set(moments.map(dayOf));
    const months = new Set(moments.map(monthOf));
    const costs = await this.spending.costOfDays(userId, new Date(`${[...months].sort()[0]}-01`));
    const today = dayOf(now);
    return [
      ...[...days].flatMap((day) =>
        dueBudgetAlerts('daily_cost', day, { spent: costs.get(day) ?? 0n, limit: limits.dailyCost }),
      ),
      ...[...months].flatMap((month) =>
        dueBudgetAlerts('monthly_cost', month, { spent: sumOf(costs, month), limit: limits.monthlyCost }),
      ),
      ...(await this.dueUnusual(userId, today, costs.get(today) ?? 0n)),
    ];
  }

  private async dueUnusual(userId: string, day: string, spent: PicoUsd): Promise<DueAlert[]> {
    if (spent < UNUSUAL_FLOOR) return [];
    const to = new Date(day);
    const from = new Date(to.getTime() - HISTORY_MS);
    const history = await this.spending.costOfActiveDays(userId, { from, to }, COMPARED_DAYS);
    const due = dueUnusualSpending(day, spent, history);
    return due ? [due] : [];
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7);
}

function sumOf(costs: ReadonlyMap<string, PicoUsd>, month: string): PicoUsd {
  return [...costs].reduce((sum, [day, cost]) => (day.startsWith(month) ? sum + cost : sum), 0n);
}
