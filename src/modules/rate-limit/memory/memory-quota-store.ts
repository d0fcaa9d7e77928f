import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../shared/context/clock.js';
import { dayKey, endOfDay, endOfMonth, monthKey } from '../calendar.js';
import type { QuotaDemand, QuotaLimits, QuotaState, QuotaStore, ReserveOutcome } from '../quota-store.js';
import { SlidingWindow } from './sliding-window.js';

const WINDOW_MS = 60_000;
/** A reservation that nobody settles counts as used after this time: longer than any run may take. */
const RESERVATION_TTL_MS = 2 * 3_600_000;
const SWEEP_EVERY_MS = 60_000;

/** What a user has spent and still holds reserved in one period. */
interface Account {
  spent: bigint;
  reserved: bigint;
}

interface UserQuota {
  readonly requests: SlidingWindow;
  readonly tokens: SlidingWindow;
  /** Day and month accounts by their key; a charge belongs to the period of its admission. */
  readonly accounts: Map<string, Account>;
  openReservations: number;
  reservedTokens: number;
}

interface Reservation {
  readonly userId: string;
  readonly atMs: number;
  readonly demand: QuotaDemand;
  readonly periods: readonly string[];
}

/** For one process. Each method is one synchronous step, so two requests can never take the same room. */
export class MemoryQuotaStore implements QuotaStore {
  private readonly users = new Map<string, UserQuota>();
  private readonly reservations = new Map<string, Reservation>();
  private lastSweepMs = 0;

  constructor(private readonly clock: Clock) {}

  reserve(userId: string, limits: QuotaLimits, demand: QuotaDemand): Promise<ReserveOutcome> {
    const now = this.clock.now();
    this.sweep(now.getTime());
    const user = this.userOf(userId);
    const refused = this.firstRefusal(user, limits, demand, now);
    if (refused)
      return Promise.resolve({ admitted: false, refused, states: this.statesOf(user, limits, now) });

    const atMs = now.getTime();
    const periods = [dayKey(now), monthKey(now)];
    user.requests.add(atMs, 1);
    user.tokens.add(atMs, demand.tokens);
    user.reservedTokens += demand.tokens;
    for (const period of periods) accountOf(user, period).reserved += demand.cost;
    user.openReservations += 1;
    const reservationId = randomUUID();
    this.reservations.set(reservationId, { userId, atMs, demand, periods });
    return Promise.resolve({ admitted: true, reservationId, states: this.statesOf(user, limits, now) });
  }

  settle(reservationId: string, used: QuotaDemand): Promise<void> {
    const reservation = this.close(reservationId);
    if (reservation) {
      const user = this.userOf(reservation.userId);
      // What was used counts from when it was admitted, and what exceeds the reservation from now.
      const { tokens } = reservation.demand;
      if (used.tokens <= tokens) user.tokens.add(reservation.atMs, used.tokens - tokens);
      else user.tokens.add(this.clock.now().getTime(), used.tokens - tokens);
      for (const period of reservation.periods) accountOf(user, period).spent += used.cost;
    }
    return Promise.resolve();
  }

  release(reservationId: string): Promise<void> {
    const reservation = this.close(reservationId);
    if (reservation) {
      const user = this.userOf(reservation.userId);
      user.requests.add(reservation.atMs, -1);
      user.tokens.add(reservation.atMs, -reservation.demand.tokens);
    }
    return Promise.resolve();
  }

  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    return Promise.resolve(this.statesOf(this.users.get(userId) ?? newUser(), limits, this.clock.now()));
  }

  /** The scope that is whole last among those that have no room. */
  private firstRefusal(
    user: UserQuota,
    limits: QuotaLimits,
    demand: QuotaDemand,
    now: Date,
  ): QuotaState | undefined {
    const nowMs = now.getTime();
    const { requests, tokens } = user;
    const refusals: QuotaState[] = [];
    const [requestState, tokenState, ...budgets] = this.statesOf(user, limits, now);
    if (requests.used(nowMs) + 1 > limits.requestsPerMinute) {
      refusals.push({
        ...requestState!,
        resetAt: new Date(requests.whenAtMost(limits.requestsPerMinute - 1, nowMs)),
      });
    }
    if (tokens.used(nowMs) + demand.tokens > limits.tokensPerMinute) {
      refusals.push({
        ...tokenState!,
        resetAt: new Date(tokens.whenAtMost(limits.tokensPerMinute - demand.tokens, nowMs)),
      });
    }
    for (const budget of budgets) {
      const taken = budget.used + budget.reserved;
      // A budget that is used up refuses even what costs nothing by estimate: nobody knows the price beforehand.
      if (taken >= budget.limit || taken + demand.cost > budget.limit) refusals.push(budget);
    }
    return refusals.sort((a, b) => b.resetAt.getTime() - a.resetAt.getTime())[0];
  }

  private statesOf(user: UserQuota, limits: QuotaLimits, now: Date): QuotaState[] {
    const nowMs = now.getTime();
    const tokens = user.tokens.used(nowMs);
    const reservedTokens = Math.min(user.reservedTokens, tokens);
    const states: QuotaState[] = [
      {
        scope: 'requests_per_minute',
        limit: BigInt(limits.requestsPerMinute),
        used: BigInt(user.requests.used(nowMs)),
        reserved: 0n,
        resetAt: new Date(user.requests.whenEmpty(nowMs)),
      },
      {
        scope: 'tokens_per_minute',
        limit: BigInt(limits.tokensPerMinute),
        used: BigInt(tokens - reservedTokens),
        reserved: BigInt(reservedTokens),
        resetAt: new Date(user.tokens.whenEmpty(nowMs)),
      },
    ];
    const budget = (
      scope: 'daily_cost' | 'monthly_cost',
      limit: bigint | undefined,
      key: string,
      resetAt: Date,
    ): void => {
      if (limit === undefined) return;
      const { spent, reserved } = user.accounts.get(key) ?? { spent: 0n, reserved: 0n };
      states.push({ scope, limit, used: spent, reserved, resetAt });
    };
    budget('daily_cost', limits.dailyCost, dayKey(now), endOfDay(now));
    budget('monthly_cost', limits.monthlyCost, monthKey(now), endOfMonth(now));
    return states;
  }

  private close(reservationId: string): Reservation | undefined {
    const reservation = this.reservations.get(reservationId);
    if (!reservation || !this.reservations.delete(reservationId)) return undefined;
    const user = this.userOf(reservation.userId);
    user.openReservations -= 1;
    user.reservedTokens -= reservation.demand.tokens;
    for (const period of reservation.periods) accountOf(user, period).reserved -= reservation.demand.cost;
    return reservation;
  }

  private userOf(userId: string): UserQuota {
    let user = this.users.get(userId);
    if (!user) this.users.set(userId, (user = newUser()));
    return user;
  }

  /** Forgets what is past: abandoned reservations, old periods, users of whom nothing is left. */
  private sweep(nowMs: number): void {
    if (nowMs - this.lastSweepMs < SWEEP_EVERY_MS) return;
    this.lastSweepMs = nowMs;
    for (const [id, reservation] of this.reservations) {
      if (nowMs - reservation.atMs > RESERVATION_TTL_MS) void this.settle(id, reservation.demand);
    }
    const current = new Set([dayKey(new Date(nowMs)), monthKey(new Date(nowMs))]);
    for (const [userId, user] of this.users) {
      for (const [period, account] of user.accounts) {
        if (account.reserved === 0n && (!current.has(period) || account.spent === 0n))
          user.accounts.delete(period);
      }
      const isIdle = user.requests.used(nowMs) === 0 && user.tokens.used(nowMs) === 0;
      if (isIdle && user.openReservations === 0 && user.accounts.size === 0) this.users.delete(userId);
    }
  }
}

function newUser(): UserQuota {
  return {
    requests: new SlidingWindow(WINDOW_MS),
    tokens: new SlidingWindow(WINDOW_MS),
    accounts: new Map(),
    openReservations: 0,
    reservedTokens: 0,
  };
}

function accountOf(user: UserQuota, period: string): Account {
  let account = user.accounts.get(period);
  if (!account) user.accounts.set(period, (account = { spent: 0n, reserved: 0n }));
  return account;
}
