import type { Clock } from '../../../shared/context/clock.js';
import { dayKey, endOfDay, endOfMonth, monthKey } from '../calendar.js';
import type {
  QuotaAmount,
  QuotaLimits,
  QuotaRequest,
  QuotaScope,
  QuotaState,
  QuotaStore,
  ReserveOutcome,
} from '../quota-store.js';
import { SlidingWindow } from './sliding-window.js';

const WINDOW_MS = 60_000;
const SWEEP_EVERY_MS = 1_000;
/** What was charged for a run is remembered so long after its reservation expired: the run may go on after all. */
const KEPT_AFTER_EXPIRY_MS = 3_600_000;
/** Longer than any run takes: nobody asks for a period that ended so long ago. */
const PERIODS_KEPT_MS = 2 * 86_400_000;
const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/** The money of one period. */
interface Account {
  spent: bigint;
  held: bigint;
}

/** Accounts by the key of their day or month. */
type Accounts = Map<string, Account>;

interface RunQuota {
  readonly admittedAt: Date;
  /** When it was counted as a request, if it was. */
  requestAtMs: number | undefined;
  /** What has been charged. */
  used: QuotaAmount;
  /** What is held beyond that. */
  next: QuotaAmount;
  expiresAtMs: number;
}

interface UserQuota {
  readonly requests: SlidingWindow;
  readonly tokens: SlidingWindow;
  readonly accounts: Accounts;
  readonly runs: Map<string, RunQuota>;
  heldTokens: number;
}

/** For one process. Each method is one synchronous step, so two requests can never take the same room. */
export class MemoryQuotaStore implements QuotaStore {
  private readonly users = new Map<string, UserQuota>();
  private readonly installation: Accounts = new Map();
  private lastSweepMs = 0;

  constructor(private readonly clock: Clock) {}

  reserve(request: QuotaRequest): Promise<ReserveOutcome> {
    const { id, userId, limits, used, next } = request;
    const now = this.clock.now();
    const user = this.userAt(userId, now);
    const known = user.runs.get(id);
    // The first request has used nothing yet. Any other that is unknown here is in the ledger with what it has used.
    const run = known ?? aRun(now, request.requests === 1 ? NOTHING : used);
    this.charge(user, run, used, now);
    this.hold(user, run, NOTHING);
    // A run is one request, also when it asks again because it missed the answer.
    const requests = run.requestAtMs === undefined ? request.requests : 0;
    const refused = this.refusalOf(user, run, limits, requests, next, now);
    if (!refused) {
      this.hold(user, run, next);
      if (requests === 1) {
        user.requests.add(now.getTime(), 1);
        run.requestAtMs = now.getTime();
      }
    }
    if (!refused || known || run.used.tokens > 0 || run.used.cost > 0n) {
      run.expiresAtMs = now.getTime() + request.expiresInMs;
      user.runs.set(id, run);
    }
    const states = this.statesOf(user, limits, run.admittedAt, now);
    return Promise.resolve(refused ? { admitted: false, refused, states } : { admitted: true, states });
  }

  settle(id: string, userId: string, used: QuotaAmount): Promise<void> {
    this.end(id, userId, (user, run, now) => this.charge(user, run, used, now));
    return Promise.resolve();
  }

  release(id: string, userId: string): Promise<void> {
    this.end(id, userId, (user, { requestAtMs }) => {
      if (requestAtMs !== undefined) user.requests.add(requestAtMs, -1);
    });
    return Promise.resolve();
  }

  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    const now = this.clock.now();
    return Promise.resolve(this.statesOf(this.userAt(userId, now), limits, now, now));
  }

  private end(id: string, userId: string, last: (user: UserQuota, run: RunQuota, now: Date) => void): void {
    const now = this.clock.now();
    const user = this.userAt(userId, now);
    const run = user.runs.get(id);
    if (!run) return;
    last(user, run, now);
    this.hold(user, run, NOTHING);
    user.runs.delete(id);
  }

  /** Charges what is new in `used`. Less than before is an owner that knows less, and takes nothing back. */
  private charge(user: UserQuota, run: RunQuota, used: QuotaAmount, now: Date): void {
    const tokens = Math.max(run.used.tokens, used.tokens);
    const cost = used.cost > run.used.cost ? used.cost : run.used.cost;
    user.tokens.add(now.getTime(), tokens - run.used.tokens);
    for (const account of this.accountsOf(user, run.admittedAt)) account.spent += cost - run.used.cost;
    run.used = { tokens, cost };
  }

  private hold(user: UserQuota, run: RunQuota, next: QuotaAmount): void {
    user.heldTokens += next.tokens - run.next.tokens;
    for (const account of this.accountsOf(user, run.admittedAt)) account.held += next.cost - run.next.cost;
    run.next = next;
  }

  private accountsOf(user: UserQuota, at: Date): Account[] {
    return [
      accountOf(user.accounts, dayKey(at)),
      accountOf(user.accounts, monthKey(at)),
      accountOf(this.installation, dayKey(at)),
    ];
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
    const { requests, tokens, heldTokens, accounts } = user;
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
    const budget = (scope: QuotaScope, limit: bigint | undefined, account: Account, resetAt: Date): void => {
      if (limit === undefined) return;
      states.push({ scope, limit, used: account.spent, reserved: account.held, resetAt });
    };
    const [day, month] = [dayKey(admittedAt), monthKey(admittedAt)];
    budget('daily_cost', limits.dailyCost, accountOf(accounts, day), endOfDay(admittedAt));
    budget('monthly_cost', limits.monthlyCost, accountOf(accounts, month), endOfMonth(admittedAt));
    budget(
      'installation_daily_cost',
      limits.installationDailyCost,
      accountOf(this.installation, day),
      endOfDay(admittedAt),
    );
    return states;
  }

  private userAt(userId: string, now: Date): UserQuota {
    this.sweep(now);
    let user = this.users.get(userId);
    if (!user) this.users.set(userId, (user = aUser()));
    this.expire(user, now);
    return user;
  }

  private expire(user: UserQuota, now: Date): void {
    for (const [id, run] of user.runs) {
      if (now.getTime() < run.expiresAtMs) continue;
      this.hold(user, run, NOTHING);
      if (now.getTime() >= run.expiresAtMs + KEPT_AFTER_EXPIRY_MS) user.runs.delete(id);
    }
  }

  /** Gives back what has expired, of all users, and forgets old periods and users of whom nothing is left. */
  private sweep(now: Date): void {
    const nowMs = now.getTime();
    if (nowMs - this.lastSweepMs < SWEEP_EVERY_MS) return;
    this.lastSweepMs = nowMs;
    const oldest = dayKey(new Date(nowMs - PERIODS_KEPT_MS));
    forgetBefore(oldest, this.installation);
    for (const [userId, user] of this.users) {
      this.expire(user, now);
      forgetBefore(oldest, user.accounts);
      const isIdle = user.requests.used(nowMs) === 0 && user.tokens.used(nowMs) === 0;
      if (isIdle && user.runs.size === 0 && user.accounts.size === 0) this.users.delete(userId);
    }
  }
}

function aUser(): UserQuota {
  return {
    requests: new SlidingWindow(WINDOW_MS),
    tokens: new SlidingWindow(WINDOW_MS),
    accounts: new Map(),
    runs: new Map(),
    heldTokens: 0,
  };
}

function aRun(admittedAt: Date, used: QuotaAmount): RunQuota {
  return { admittedAt, requestAtMs: undefined, used, next: NOTHING, expiresAtMs: 0 };
}

function accountOf(accounts: Accounts, period: string): Account {
  let account = accounts.get(period);
  if (!account) accounts.set(period, (account = { spent: 0n, held: 0n }));
  return account;
}

/** `2026-11` is before `2026-12-01` and not before `2026-11-24`. */
function forgetBefore(day: string, accounts: Accounts): void {
  for (const period of accounts.keys()) {
    if (period < day.slice(0, period.length)) accounts.delete(period);
  }
}
