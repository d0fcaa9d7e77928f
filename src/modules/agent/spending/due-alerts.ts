import { formatUsd, type PicoUsd } from '../../../shared/money/usd.js';

export type AlertKind = 'budget' | 'unusual_spending';
export type AlertScope = 'daily_cost' | 'monthly_cost';

/** Something that a user's spending has reached. It is raised once per user and period. */
export interface DueAlert {
  readonly kind: AlertKind;
  readonly scope: AlertScope;
  /** Per cent of `limit`. */
  readonly threshold: number;
  /** The budget; for unusual spending the median of the user's days. */
  readonly limit: PicoUsd;
  readonly spent: PicoUsd;
  /** `2026-11-25` or `2026-11`. */
  readonly period: string;
}

/** How much of a budget is worth a word, in per cent. */
export const BUDGET_THRESHOLDS = [50, 80, 100] as const;
/** Three times the user's usual day, in per cent. */
export const UNUSUAL_THRESHOLD = 300;
/** A dollar a day is nobody's surprise. */
export const UNUSUAL_FLOOR: PicoUsd = 1_000_000_000_000n;
/** With fewer days there is no "usual". */
export const MIN_ACTIVE_DAYS = 5;

/** Each threshold that the spending has reached, also when several at once. */
export function dueBudgetAlerts(
  scope: AlertScope,
  period: string,
  { spent, limit }: { readonly spent: PicoUsd; readonly limit: PicoUsd | undefined },
): DueAlert[] {
  if (limit === undefined || spent <= 0n) return [];
  return BUDGET_THRESHOLDS.filter((threshold) => spent * 100n >= limit * BigInt(threshold)).map(
    (threshold) => ({
      kind: 'budget',
      scope,
      threshold,
      limit,
      spent,
      period,
    }),
  );
}

/** `history`: what the user's last active days before this one cost. */
export function dueUnusualSpending(
  period: string,
  spent: PicoUsd,
  history: readonly PicoUsd[],
): DueAlert | undefined {
  if (spent < UNUSUAL_FLOOR || history.length < MIN_ACTIVE_DAYS) return undefined;
  const limit = medianOf(history);
  if (spent * 100n <= limit * BigInt(UNUSUAL_THRESHOLD)) return undefined;
  return {
    kind: 'unusual_spending',
    scope: 'daily_cost',
    threshold: UNUSUAL_THRESHOLD,
    limit,
    spent,
    period,
  };
}

function medianOf(amounts: readonly PicoUsd[]): PicoUsd {
  const sorted = [...amounts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2n;
}

/** An alert that was raised. */
export interface Alert extends DueAlert {
  /** The same in every try of the delivery: whoever has seen it may ignore it. */
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
}

/** As the webhook, the log and the contract have it. */
export interface AlertMembers {
  readonly id: string;
  readonly kind: AlertKind;
  readonly user_id: string;
  readonly scope: AlertScope;
  readonly threshold: number;
  readonly limit: string;
  readonly spent: string;
  readonly period: string;
  readonly created_at: string;
}

export function toAlertMembers(alert: Alert): AlertMembers {
  return {
    id: alert.id,
    kind: alert.kind,
    user_id: alert.userId,
    scope: alert.scope,
    threshold: alert.threshold,
    limit: formatUsd(alert.limit),
    spent: formatUsd(alert.spent),
    period: alert.period,
    created_at: alert.createdAt.toISOString(),
  };
}
