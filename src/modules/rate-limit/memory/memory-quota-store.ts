import type { Clock } from '../../../shared/context/clock.js';
import { dayKey, endOfDay, endOfMonth, monthKey } from '../calendar.js';
import {
  BEFORE_OWNERS,
  type OpenRun,
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  type QuotaScope,
  type QuotaState,
  type QuotaStore,
  QuotaStoreUnavailable,
  ReservationFenced,
  type ReserveOutcome,
  type SpendingLedger,
} from '../quota-store.js';
import { MoneyBook } from './money-book.js';
import { SlidingWindow } from './sliding-window.js';

const WINDOW_MS = 60_000;
const SWEEP_EVERY_MS = 1_000;
/** What was charged for a run is remembered so long after its reservation expired: the run may go on after all. */
const KEPT_AFTER_EXPIRY_MS = 3_600_000;
/** A run that the ledger had and that asks for nothing for so long is gone. */
const RESTORED_EXPIRES_IN_MS = 3_600_000;
/** Longer than any run takes: nobody asks for a period that ended so long ago. */
const PERIODS_KEPT_MS = 2 * 86_400_000;

/** It is loaded once, before it knows any run. */
const NONE: readonly string[] = [];

interface RunQuota {
  readonly admittedAt: Date;
  /** Of the newest owner who has reserved. */
  epoch: number;
  /** When it was counted as a request, if it was. */
  requestAtMs?: number;
  usedTokens: number;
  heldTokens: number;
  expiresAtMs: number;
}

interface UserQuota {
  readonly requests: SlidingWindow;
  readonly tokens: SlidingWindow;
  readonly money: MoneyBook;
  readonly runs: Map<string, RunQuota>;
  heldTokens: number;
  touchedAtMs: number;
}

/**
 * For one process. What follows the loading of the ledger is one synchronous step in each method, so two requests can never
 * take the same room. Without a ledger it begins with nothing.
 */
export class MemoryQuotaStore implements QuotaStore {
  private readonly users = new Map<string, UserQuota>();
  private readonly installation = new MoneyBook((at) => [dayKey(at)]);
  /** Runs that hold money of the installation, of users who have not been loaded: when they are given up. */
  private readonly restored = new Map<string, number>();
  /** By user; `''` for the installation. What is there and not running any more is loaded. */
  private readonly loads = new Map<string, Promise<void>>();
  private lastSweepMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly ledger?: SpendingLedger,
  ) {}

  async reserve(request: QuotaRequest): Promise<ReserveOutcome> {
    const { id, userId, limits, used, next, epoch = BEFORE_OWNERS } = request;
    await this.load(userId);
    const now = this.clock.now();
    const user = this.userAt(userId, now);
    const known = user.runs.get(id);
    const run = known ?? this.begin(user, request, now);
    this.charge(user, id, run, used, now);
    if (run.epoch > epoch) throw new ReservationFenced();
    run.epoch = epoch;
    this.hold(user, id, run, 0, 0n);
    // A run is one request, also when it asks again because it missed the answer.
    const requests = run.requestAtMs === undefined ? request.requests : 0;
    const refused = this.refusalOf(user, run, limits, requests, next, now);
    if (!refused) {
      this.hold(user, id, run, next.tokens, next.cost);
      if (requests === 1) {
        user.requests.add(now.getTime(), 1);
        run.requestAtMs = now.getTime();
      }
    }
    run.expiresAtMs = now.getTime() + request.expiresInMs;
    if (refused && !known && used.tokens === 0 && used.cost === 0n) this.forget(user, id);
    const states = this.statesOf(user, limits, run.admittedAt, now);
    return refused ? { admitted: false, refused, states } : { admitted: true, states };
  }

  async renew(userId: string, ids: readonly string[], expiresInMs: number): Promise<void> {
    const now = this.clock.now();
    const { runs } = this.userAt(userId, now);
    for (const id of ids) {
      const run = runs.get(id);
      if (run && now.getTime() < run.expiresAtMs) run.expiresAtMs = now.getTime() + expiresInMs;
    }
  }

  async settle(id: string, userId: string, used: QuotaAmount, epoch = BEFORE_OWNERS): Promise<void> {
    await this.loaded(userId);
    const now = this.clock.now();
    const user = this.userAt(userId, now);
    const run = user.runs.get(id);
    if (run) this.charge(user, id, run, used, now);
    // The installation may know a run whose user has not been loaded.
    else this.installation.charge(id, used.cost);
    if (run && run.epoch > epoch) return;
    this.end(user, id, run);
  }

  async release(id: string, userId: string, epoch = BEFORE_OWNERS): Promise<void> {
    await this.loaded(userId);
    const user = this.userAt(userId, this.clock.now());
    const run = user.runs.get(id);
    if (run && run.epoch > epoch) return;
    if (run?.requestAtMs !== undefined) user.requests.add(run.requestAtMs, -1);
    this.end(user, id, run);
  }

  async read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    await this.load(userId);
    const now = this.clock.now();
    return this.statesOf(this.userAt(userId, now), limits, now, now);
  }

  async erase(userId: string): Promise<void> {
    await this.loaded(userId);
    this.users.delete(userId);
    this.loads.delete(userId);
  }

  /** The first request has used nothing yet. Any other that is unknown here is in the ledger with what it has used. */
  private begin(
    user: UserQuota,
    { id, requests, used, epoch = BEFORE_OWNERS }: QuotaRequest,
    now: Date,
  ): RunQuota {
    const run = aRun(now, epoch, requests === 1 ? 0 : used.tokens);
    const spent = requests === 1 ? 0n : used.cost;
    user.runs.set(id, run);
    user.money.open(id, now, spent);
    if (!this.installation.has(id)) this.installation.open(id, now, spent);
    return run;
  }

  private charge(user: UserQuota, id: string, run: RunQuota, used: QuotaAmount, now: Date): void {
    if (used.tokens > run.usedTokens) {
      user.tokens.add(now.getTime(), used.tokens - run.usedTokens);
      run.usedTokens = used.tokens;
    }
    user.money.charge(id, used.cost);
    this.installation.charge(id, used.cost);
  }

  private hold(user: UserQuota, id: string, run: RunQuota, tokens: number, cost: bigint): void {
    user.heldTokens += tokens - run.heldTokens;
    run.heldTokens = tokens;
    user.money.hold(id, cost);
    this.installation.hold(id, cost);
  }

  private end(user: UserQuota, id: string, run: RunQuota | undefined): void {
    if (run) this.hold(user, id, run, 0, 0n);
    this.forget(user, id);
  }

  private forget(user: UserQuota, id: string): void {
    user.runs.delete(id);
    user.money.close(id);
    this.installation.close(id);
    this.restored.delete(id);
  }

  /** Both books, before anything is admitted; once. */
  private async load(userId: string): Promise<void> {
    const { ledger } = this;
    if (!ledger) return;
    try {
      await Promise.all([
        this.once('', () => this.loadInstallation(ledger)),
        this.once(userId, () => this.loadUser(ledger, userId)),
      ]);
    } catch (error) {
      throw new QuotaStoreUnavailable({ cause: error });
    }
  }

  /** When a load is running, what ends now may be in it or not: it waits. */
  private async loaded(userId: string): Promise<void> {
    await Promise.allSettled([this.loads.get(''), this.loads.get(userId)]);
  }

  private once(key: string, load: () => Promise<void>): Promise<void> {
    let running = this.loads.get(key);
    if (!running) {
      // Known as running before the ledger is read.
      running = Promise.resolve().then(load);
      this.loads.set(key, running);
      running.catch(() => this.loads.delete(key));
    }
    return running;
  }

  private async loadInstallation(ledger: SpendingLedger): Promise<void> {
    const at = this.clock.now();
    const { day, open } = await ledger.installationSpending(at, NONE);
    this.installation.begin(dayKey(at), day);
    for (const { id, admittedAt, used, next } of open) {
      if (this.installation.has(id)) continue;
      this.installation.open(id, admittedAt, used.cost);
      this.installation.hold(id, next.cost);
      this.restored.set(id, this.clock.now().getTime() + RESTORED_EXPIRES_IN_MS);
    }
  }

  private async loadUser(ledger: SpendingLedger, userId: string): Promise<void> {
    const at = this.clock.now();
    const { day, month, open } = await ledger.spendingOf(userId, at, NONE);
    const now = this.clock.now();
    const user = this.userAt(userId, now);
    user.money.begin(dayKey(at), day);
    user.money.begin(monthKey(at), month);
    for (const run of open) this.restore(user, run, now);
  }

  private restore(user: UserQuota, { id, epoch, admittedAt, used, next }: OpenRun, now: Date): void {
    const run = aRun(admittedAt, epoch, used.tokens);
    run.expiresAtMs = now.getTime() + RESTORED_EXPIRES_IN_MS;
    run.heldTokens = next.tokens;
    user.heldTokens += next.tokens;
    user.runs.set(id, run);
    user.money.open(id, admittedAt, used.cost);
    user.money.hold(id, next.cost);
    this.restored.delete(id);
  }

  /** The scope that is whole last among those that have no room. */
  private refusalOf(
    user: UserQuota,
    { admittedAt }: RunQuota,
    limits: QuotaLimits,
    requests: number,
    next: QuotaAmount,
    now: Date,
  ): QuotaState | undefined {
    const nowMs = now.getTime();
    const [requestState, tokenState, ...budgets] = this.statesOf(user, limits, admittedAt, now);
    const refusals: QuotaState[] = [];
    if (requests > 0 && user.requests.used(nowMs) + requests > limits.requestsPerMinute) {
      const whenRoom = user.requests.whenAtMost(limits.requestsPerMinute - requests, nowMs);
      refusals.push({ ...requestState!, resetAt: new Date(whenRoom) });
    }
    const room = limits.tokensPerMinute - user.heldTokens - next.tokens;
    if (user.tokens.used(nowMs) > room) {
      // What is held counts as if it were used now: nobody knows when it is given back.
      const whenRoom = room >= 0 ? user.tokens.whenAtMost(room, nowMs) : tokenState!.resetAt;
      refusals.push({ ...tokenState!, resetAt: new Date(whenRoom) });
    }
    for (const budget of budgets) {
      const taken = budget.used + budget.reserved;
      // A budget that is used up refuses even what costs nothing by estimate: nobody knows the price beforehand.
      if (taken >= budget.limit || taken + next.cost > budget.limit) refusals.push(budget);
    }
    return refusals.sort((a, b) => b.resetAt.getTime() - a.resetAt.getTime())[0];
  }

  /** The windows now, and the budgets of the day and month that contain `admittedAt`. */
  private statesOf(user: UserQuota, limits: QuotaLimits, admittedAt: Date, now: Date): QuotaState[] {
    const nowMs = now.getTime();
    const { requests, tokens, heldTokens, money } = user;
    const states: QuotaState[] = [
      {
        scope: 'requests_per_minute',
        limit: BigInt(limits.requestsPerMinute),
        used: BigInt(requests.used(nowMs)),
        reserved: 0n,
        resetAt: new Date(requests.whenEmpty(nowMs)),
      },
      {
        scope: 'tokens_per_minute',
        limit: BigInt(limits.tokensPerMinute),
        used: BigInt(tokens.used(nowMs)),
        reserved: BigInt(heldTokens),
        resetAt: new Date(heldTokens > 0 ? tokens.whenGone(nowMs) : tokens.whenEmpty(nowMs)),
      },
    ];
    const budget = (
      scope: QuotaScope,
      limit: bigint | undefined,
      book: MoneyBook,
      period: string,
      resetAt: Date,
    ): void => {
      if (limit === undefined) return;
      const { spent, held } = book.standing(period);
      states.push({ scope, limit, used: spent, reserved: held, resetAt });
    };
    const [day, month] = [dayKey(admittedAt), monthKey(admittedAt)];
    const { dailyCost, monthlyCost, installationDailyCost } = limits;
    budget('daily_cost', dailyCost, money, day, endOfDay(admittedAt));
    budget('monthly_cost', monthlyCost, money, month, endOfMonth(admittedAt));
    budget('installation_daily_cost', installationDailyCost, this.installation, day, endOfDay(admittedAt));
    return states;
  }

  private userAt(userId: string, now: Date): UserQuota {
    this.sweep(now);
    let user = this.users.get(userId);
    if (!user) this.users.set(userId, (user = aUser()));
    user.touchedAtMs = now.getTime();
    this.expire(user, now);
    return user;
  }

  private expire(user: UserQuota, now: Date): void {
    for (const [id, run] of user.runs) {
      if (now.getTime() < run.expiresAtMs) continue;
      this.hold(user, id, run, 0, 0n);
      if (now.getTime() >= run.expiresAtMs + KEPT_AFTER_EXPIRY_MS) this.forget(user, id);
    }
  }

  /** Gives back what has expired, of all users, and forgets old periods and users of whom nothing is left. */
  private sweep(now: Date): void {
    const nowMs = now.getTime();
    if (nowMs - this.lastSweepMs < SWEEP_EVERY_MS) return;
    this.lastSweepMs = nowMs;
    const oldest = dayKey(new Date(nowMs - PERIODS_KEPT_MS));
    this.installation.forgetBefore(oldest);
    for (const [id, untilMs] of this.restored) {
      if (nowMs < untilMs) continue;
      this.installation.close(id);
      this.restored.delete(id);
    }
    for (const [userId, user] of this.users) {
      this.expire(user, now);
      user.money.forgetBefore(oldest);
      if (nowMs - user.touchedAtMs < 2 * WINDOW_MS || user.runs.size > 0 || !user.money.isEmpty) continue;
      this.users.delete(userId);
      this.loads.delete(userId);
    }
  }
}

function aUser(): UserQuota {
  return {
    requests: new SlidingWindow(WINDOW_MS),
    tokens: new SlidingWindow(WINDOW_MS),
    money: new MoneyBook((at) => [dayKey(at), monthKey(at)]),
    runs: new Map(),
    heldTokens: 0,
    touchedAtMs: 0,
  };
}

function aRun(admittedAt: Date, epoch: number, usedTokens: number): RunQuota {
  return { admittedAt, epoch, usedTokens, heldTokens: 0, expiresAtMs: 0 };
}
