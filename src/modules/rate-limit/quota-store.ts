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
  /**
   * When the scope is whole again (windows: when enough has slid out, as if what is reserved were used now; budgets: the end
   * of the day or month that pays, which is over already for a run that has gone on past it).
   */
  readonly resetAt: Date;
}

export type ReserveOutcome =
  | { readonly admitted: true; readonly states: readonly QuotaState[] }
  /** Nothing was taken. `refused` is the scope that is whole last, so that a client waits only once. */
  | { readonly admitted: false; readonly refused: QuotaState; readonly states: readonly QuotaState[] };

/** The epoch of what is held for a run that nobody drives yet, and of what no run is for. */
export const BEFORE_OWNERS = 0;

export interface QuotaRequest {
  /** Of the run that it is for. One reservation per id; reserving again changes what is reserved. */
  readonly id: string;
  /** Of the run's owner who asks; left out: nobody owns it yet (`BEFORE_OWNERS`). */
  readonly epoch?: number;
  readonly userId: string;
  readonly limits: QuotaLimits;
  /** 1: it counts as a request, once per id. 0: the same run, later. */
  readonly requests: 0 | 1;
  /**
   * What the run has used so far, since its beginning. What of it is new is charged. Of a run that the store does not know
   * (with `requests` 0) it is taken as charged already: it is in the ledger.
   */
  readonly used: QuotaAmount;
  /** The most that it may use next, beyond `used`. */
  readonly next: QuotaAmount;
  /**
   * After this nobody holds the reservation any more, whatever became of the run; it is given back then. What was charged
   * stays and is remembered for another hour, for a run that goes on after all. A store of several processes reads the
   * ledger again: the owner may have died after it had spent, or be alive and hold what the ledger says for a while more.
   */
  readonly expiresInMs: number;
}

/**
 * Counts requests, tokens and money per user, and holds what running work may still use. Each method is one atomic step
 * over all scopes. Time is the store's own, so that the clocks of replicas do not matter. A charge belongs to the day and
 * month in which its run was first reserved; tokens count from when they were reserved until a minute after they were used.
 *
 * A store whose memory was lost fetches what was spent from `SpendingLedger` before it admits anything.
 *
 * Owners of a run are told apart by their epoch, which grows: what an older one says late is charged, and changes nothing of what
 * a newer one holds.
 *
 * All implementations pass `test/contracts/describe-quota-store.ts`. A store that is away rejects with
 * QuotaStoreUnavailable, within a bounded time.
 */
export interface QuotaStore {
  /**
   * Takes `next` if all of it fits, in place of what was reserved for this id before, and charges what is new in `used` in
   * any case. Refused, it leaves nothing reserved: the run has to stop. A budget that is used up refuses a `next` of nothing
   * too. Repeating it, after an answer that was lost, is safe. Rejects with ReservationFenced when a newer owner has reserved.
   */
  reserve(request: QuotaRequest): Promise<ReserveOutcome>;
  /** These runs of a user go on: what they hold expires so much later from now. What has expired already stays so. */
  renew(userId: string, ids: readonly string[], expiresInMs: number): Promise<void>;
  /**
   * The run is over: charges what is new in `used`, also beyond what was reserved, and gives the rest back. Again, or for an
   * unknown id: nothing. When a newer owner has reserved the run is not over: it is charged only.
   */
  settle(id: string, userId: string, used: QuotaAmount, epoch?: number): Promise<void>;
  /** Gives all of it back, the request included: the call never reached a model. Nothing when a newer owner has reserved. */
  release(id: string, userId: string, epoch?: number): Promise<void>;
  /** Takes nothing. */
  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]>;
  /** The user is being erased: what is counted for them goes. Should they be asked for again, the ledger is read. */
  erase(userId: string): Promise<void>;
}

export const QUOTA_STORE = Symbol('QUOTA_STORE');

/** What a run has used by the ledger, and what is reserved for it beyond that. */
export interface OpenRun {
  readonly id: string;
  /** Of its present owner, or the last one. */
  readonly epoch: number;
  readonly admittedAt: Date;
  readonly used: QuotaAmount;
  readonly next: QuotaAmount;
  /** True: it is not going on, and is told because the store asked for it. */
  readonly isOver: boolean;
}

/**
 * What a user's money went for, as the database has it: the truth that a store's memory is made of. It is one snapshot: what
 * an open run has used is part of `day` and `month` when it was admitted then, and nothing is that is not in the ledger.
 */
export interface Spending {
  /** In the day and the month that contain `at`; what was used by runs that were admitted then. */
  readonly day: PicoUsd;
  readonly month: PicoUsd;
  /** Runs that are going on, and those that were asked for. */
  readonly open: readonly OpenRun[];
}

/** The same for all users together. With the open runs, so that what they use from then on is told from what they had used. */
export type InstallationSpending = Omit<Spending, 'month'>;

/**
 * What is charged to a store is in the ledger first: a store that has read the ledger takes what it does not know of a run
 * for charged.
 */
export interface SpendingLedger {
  /** `known`: ids of runs to be told also when they are over. */
  spendingOf(userId: string, at: Date, known: readonly string[]): Promise<Spending>;
  installationSpending(at: Date, known: readonly string[]): Promise<InstallationSpending>;
}

/** A newer owner has reserved for this run: who asks does not drive it any more. */
export class ReservationFenced extends Error {
  constructor() {
    super('a newer owner of the run has reserved');
    this.name = 'ReservationFenced';
  }
}

/** The store cannot be asked: nobody knows what is left. */
export class QuotaStoreUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('the quota store is not available', options);
    this.name = 'QuotaStoreUnavailable';
  }
}
