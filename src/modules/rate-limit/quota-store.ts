import type { PicoUsd } from '../../shared/money/usd.js';

export const QUOTA_SCOPES = [
  'requests_per_minute',
  'tokens_per_minute',
  'daily_cost',
  'monthly_cost',
] as const;
export type QuotaScope = (typeof QUOTA_SCOPES)[number];

/** A user's ceilings. Windows slide over 60 s; days and months are UTC's. `undefined`: no such ceiling. */
export interface QuotaLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly dailyCost?: PicoUsd;
  readonly monthlyCost?: PicoUsd;
}

/** The most that a request may use. */
export interface QuotaDemand {
  readonly tokens: number;
  readonly cost: PicoUsd;
}

/** Where a user stands in one scope. Figures are counts, or pico-dollars for the cost scopes. */
export interface QuotaState {
  readonly scope: QuotaScope;
  readonly limit: bigint;
  readonly used: bigint;
  readonly reserved: bigint;
  /** When the scope is whole again (windows: when enough has slid out; budgets: the period's end). */
  readonly resetAt: Date;
}

export type ReserveOutcome =
  | { readonly admitted: true; readonly reservationId: string; readonly states: readonly QuotaState[] }
  /** Nothing was taken. `refused` is the scope that is whole last, so that a client waits only once. */
  | { readonly admitted: false; readonly refused: QuotaState; readonly states: readonly QuotaState[] };

/**
 * Counts requests, tokens and money per user. `reserve` checks and takes in one atomic step over all scopes.
 * All implementations pass `test/contracts/describe-quota-store.ts`.
 */
export interface QuotaStore {
  reserve(userId: string, limits: QuotaLimits, demand: QuotaDemand): Promise<ReserveOutcome>;
  /** Replaces the reservation by what was really used. Settling twice changes nothing. */
  settle(reservationId: string, used: QuotaDemand): Promise<void>;
  /** Gives all of it back, the request included: the call never reached a model. */
  release(reservationId: string): Promise<void>;
  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]>;
}

export const QUOTA_STORE = Symbol('QUOTA_STORE');
