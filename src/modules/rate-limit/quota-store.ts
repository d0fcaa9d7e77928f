import type { PicoUsd } from '../../shared/money/usd.js';

export const QUOTA_SCOPES = [
  'requests_per_minute',
  'tokens_per_minute',
  'daily_cost',
  'monthly_cost',
  'installation_daily_cost',
] as const;
export type QuotaScope = (typeof QUOTA_SCOPES)[number];

/** A user's ceilings. Windows slide over 60 s; days and months are UTC's. `undefined`: no such ceiling. */
export interface QuotaLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly dailyCost?: PicoUsd;
  readonly monthlyCost?: PicoUsd;
  /** Of all users together. */
  readonly installationDailyCost?: PicoUsd;
}

/** Tokens (input, output and cache alike) and money. */
export interface QuotaAmount {
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
  | { readonly admitted: true; readonly states: readonly QuotaState[] }
  /** Nothing was taken. `refused` is the scope that is whole last, so that a client waits only once. */
  | { readonly admitted: false; readonly refused: QuotaState; readonly states: readonly QuotaState[] };

export interface QuotaRequest {
  /** Of the run that it is for. One reservation per id; reserving again changes what is reserved. */
  readonly id: string;
  readonly userId: string;
  readonly limits: QuotaLimits;
  /** 1: it counts as a request. 0: the same run, later. */
  readonly requests: 0 | 1;
  /** What the run has used so far, since its beginning. What of it is new is charged. */
  readonly used: QuotaAmount;
  /** The most that it may use next, beyond `used`. */
  readonly next: QuotaAmount;
  /** After this nobody holds the reservation any more, whatever became of the run; it is given back then. */
  readonly expiresInMs: number;
}

/**
 * Counts requests, tokens and money per user, and holds what running work may still use. Each method is one atomic step
 * over all scopes. Time is the store's own, so that the clocks of replicas do not matter. A charge belongs to the day and
 * month in which its run was first reserved; tokens count from when they were reserved until a minute after they were used.
 *
 * A store whose memory was lost fetches what was spent from `SpendingLedger` before it admits anything.
 *
 * All implementations pass `test/contracts/describe-quota-store.ts`. A store that is away rejects with
 * QuotaStoreUnavailable, within a bounded time.
 */
export interface QuotaStore {
  /** Takes `next` if all of it fits, and charges what is new in `used` in any case. */
  reserve(request: QuotaRequest): Promise<ReserveOutcome>;
  /** The run is over: charges what is new in `used` and gives the rest back. Again, or for an unknown id: nothing. */
  settle(id: string, userId: string, used: QuotaAmount): Promise<void>;
  /** Gives all of it back, the request included: the call never reached a model. */
  release(id: string, userId: string): Promise<void>;
  /** Takes nothing. */
  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]>;
}

export const QUOTA_STORE = Symbol('QUOTA_STORE');

/** What a user's money went for, as the database has it: the truth that a store's memory is made of. */
export interface Spending {
  /** In the day and the month that contain `at`; what was used by runs that were admitted then. */
  readonly day: PicoUsd;
  readonly month: PicoUsd;
  /** Runs that are going on, with what is reserved for them beyond what they have used. */
  readonly open: readonly {
    readonly id: string;
    readonly admittedAt: Date;
    readonly used: QuotaAmount;
    readonly next: QuotaAmount;
  }[];
}

export interface SpendingLedger {
  spendingOf(userId: string, at: Date): Promise<Spending>;
  /** Of all users, in the day that contains `at`. */
  installationSpending(at: Date): Promise<PicoUsd>;
}

export const SPENDING_LEDGER = Symbol('SPENDING_LEDGER');

/** The store cannot be asked: nobody knows what is left. */
export class QuotaStoreUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('the quota store is not available', options);
    this.name = 'QuotaStoreUnavailable';
  }
}
