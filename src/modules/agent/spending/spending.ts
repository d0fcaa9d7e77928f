import type { PicoUsd } from '../../../shared/money/usd.js';

/** What model calls used and cost, summed up. */
export interface SpendingSum {
  readonly calls: number;
  /** Calls whose model has no known price. */
  readonly unpricedCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** Of the calls whose price is known. */
  readonly knownCost: PicoUsd;
}

export const SPENDING_GROUPS = ['day', 'model', 'endpoint'] as const;
export type SpendingGroup = (typeof SPENDING_GROUPS)[number];

export interface GroupedSpending<T> {
  readonly groups: readonly (SpendingSum & T)[];
  readonly total: SpendingSum;
}

/** One of `day`, `model` (with its provider) and `endpoint`: what was asked for. */
export interface SpendingKey {
  readonly day?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly endpoint?: string;
}
