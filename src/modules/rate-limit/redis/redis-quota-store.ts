import type { Redis } from 'ioredis';
import type { PinoLogger } from 'nestjs-pino';
import { dayKey, endOfDay, endOfMonth } from '../calendar.js';
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
import { END, LOAD, READ, RENEW, RESERVE } from './quota-scripts.js';

/** A load is void only when Redis loses its memory once more, or its period ends, while the ledger is read. */
const MAX_LOADS = 5;
const HOUR_MS = 3_600_000;

type Load = readonly [
  answer: 'load',
  nowMs: string,
  nonce: string,
  allNonce: string,
  known: readonly string[],
  allKnown: readonly string[],
];
type Standing = readonly [
  answer: 'standing',
  nowMs: string,
  day: string,
  ...requests: [used: string, wholeAtMs: string],
  ...tokens: [used: string, held: string, wholeAtMs: string],
  ...daily: [spent: string, held: string],
  ...monthly: [spent: string, held: string],
  ...installation: [spent: string, held: string],
  refusals: readonly string[],
];

type Fenced = readonly [answer: 'fenced'];

interface RedisWithScripts extends Redis {
  perchQuotaReserve(...args: (string | number)[]): Promise<Load | Standing | Fenced>;
  perchQuotaRead(...args: (string | number)[]): Promise<Load | Standing>;
  perchQuotaRenew(...args: (string | number)[]): Promise<'renewed'>;
  perchQuotaEnd(...args: (string | number)[]): Promise<'ended'>;
  perchQuotaLoad(...args: (string | number)[]): Promise<'loaded' | 'void'>;
}

export interface RedisQuotaStoreOptions {
  /** Becomes the hash tag of every key. */
  readonly prefix?: string;
  /** How long a run that is found open in the ledger holds what it holds, unless its owner renews it. */
  readonly restoredForMs?: number;
  /** For tests: the present, in place of Redis' own. */
  readonly nowMs?: () => number;
}

/** Of the keys of a user these are the user's own. */
const OWN_KEYS = 4;

/**
 * For all replicas together. One round trip per call; the first call of a user in a month, of the installation in a day, and
 * after Redis has lost its memory, also reads the ledger.
 */
export class RedisQuotaStore implements QuotaStore {
  private readonly redis: RedisWithScripts;
  private readonly prefix: string;
  private readonly restoredForMs: number;
  private readonly nowMs: () => number | '';
  /** By nonce: a process reads the ledger once, however many requests wait for it. */
  private readonly loads = new Map<string, Promise<void>>();
  /** An outage is told of once, not with every call. */
  private isFailing = false;

  constructor(
    redis: Redis,
    private readonly ledger: SpendingLedger,
    private readonly logger: PinoLogger,
    { prefix = 'perch:quota', restoredForMs = HOUR_MS, nowMs }: RedisQuotaStoreOptions = {},
  ) {
    redis.defineCommand('perchQuotaReserve', { numberOfKeys: 6, lua: RESERVE });
    redis.defineCommand('perchQuotaRead', { numberOfKeys: 6, lua: READ });
    redis.defineCommand('perchQuotaRenew', { numberOfKeys: 6, lua: RENEW });
    redis.defineCommand('perchQuotaEnd', { numberOfKeys: 6, lua: END });
    redis.defineCommand('perchQuotaLoad', { numberOfKeys: 6, lua: LOAD });
    this.redis = redis as RedisWithScripts;
    this.prefix = prefix;
    this.restoredForMs = restoredForMs;
    this.nowMs = nowMs ?? (() => '');
  }

  reserve(request: QuotaRequest): Promise<ReserveOutcome> {
    const { id, userId, limits, requests, used, next, expiresInMs, epoch = BEFORE_OWNERS } = request;
    return this.guard(async () => {
      const standing = await this.ask(userId, () =>
        this.redis.perchQuotaReserve(
          ...this.keysOf(userId),
          ...[this.nowMs(), id, requests, ...amount(used), ...amount(next), expiresInMs],
          ...[limits.requestsPerMinute, limits.tokensPerMinute],
          ...[limits.dailyCost, limits.monthlyCost, limits.installationDailyCost].map((limit) =>
            limit === undefined ? '' : String(limit),
          ),
          epoch,
        ),
      );
      const states = toStates(standing, limits);
      const refused = toRefusals(standing, states)[0];
      return refused ? { admitted: false, refused, states } : { admitted: true, states };
    });
  }

  renew(userId: string, ids: readonly string[], expiresInMs: number): Promise<void> {
    return this.guard(async () => {
      await this.redis.perchQuotaRenew(...this.keysOf(userId), this.nowMs(), '', expiresInMs, ...ids);
    });
  }

  settle(id: string, userId: string, used: QuotaAmount, epoch = BEFORE_OWNERS): Promise<void> {
    return this.guard(async () => {
      const end = [id, 'settle', ...amount(used), epoch];
      await this.redis.perchQuotaEnd(...this.keysOf(userId), this.nowMs(), ...end);
    });
  }

  release(id: string, userId: string, epoch = BEFORE_OWNERS): Promise<void> {
    return this.guard(async () => {
      await this.redis.perchQuotaEnd(...this.keysOf(userId), this.nowMs(), id, 'release', 0, 0, epoch);
    });
  }

  read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    const isAllLimited = limits.installationDailyCost === undefined ? '' : '1';
    return this.guard(async () => {
      const standing = await this.ask(userId, () =>
        this.redis.perchQuotaRead(...this.keysOf(userId), this.nowMs(), '', isAllLimited),
      );
      return toStates(standing, limits);
    });
  }

  erase(userId: string): Promise<void> {
    return this.guard(async () => {
      await this.redis.unlink(...this.keysOf(userId).slice(0, OWN_KEYS));
    });
  }

  /** Asks again after whatever was missing has been loaded. */
  private async ask(userId: string, command: () => Promise<Load | Standing | Fenced>): Promise<Standing> {
    for (let loads = 0; loads <= MAX_LOADS; loads += 1) {
      const reply = await command();
      if (reply[0] === 'standing') return reply;
      if (reply[0] === 'fenced') throw new ReservationFenced();
      // Whatever answers otherwise is no Redis that has run our script.
      if (reply[0] !== 'load') throw new QuotaStoreUnavailable();
      const [, nowMs, nonce, allNonce, known, allKnown] = reply;
      const at = new Date(Number(nowMs));
      await Promise.all([
        nonce && this.load('user', userId, nonce, at, known),
        allNonce && this.load('all', userId, allNonce, at, allKnown),
      ]);
    }
    throw new Error('what was loaded from the ledger was void each time');
  }

  private load(
    book: 'user' | 'all',
    userId: string,
    nonce: string,
    at: Date,
    known: readonly string[],
  ): Promise<void> {
    const key = book === 'user' ? `${userId}/${nonce}` : nonce;
    let running = this.loads.get(key);
    if (!running) {
      running = this.store(book, userId, nonce, at, known).finally(() => this.loads.delete(key));
      this.loads.set(key, running);
    }
    return running;
  }

  private async store(
    book: 'user' | 'all',
    userId: string,
    nonce: string,
    at: Date,
    known: readonly string[],
  ): Promise<void> {
    const { day, month, open } =
      book === 'user'
        ? await this.ledger.spendingOf(userId, at, known)
        : { ...(await this.ledger.installationSpending(at, known)), month: 0n };
    const outcome = await this.redis.perchQuotaLoad(
      ...this.keysOf(userId),
      ...[this.nowMs(), '', book, nonce, dayKey(at), String(day), String(month), this.restoredForMs],
      ...open.flatMap(toArguments),
    );
    this.logger.debug({ event: 'quota.loaded', book, outcome, open_runs: open.length });
  }

  /** Whatever goes wrong between us and what we know: nobody knows what is left. */
  private async guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      if (this.isFailing) this.logger.info({ event: 'quota.available_again' });
      this.isFailing = false;
      return result;
    } catch (error) {
      if (error instanceof ReservationFenced) throw error;
      if (!this.isFailing) this.logger.warn({ event: 'quota.unavailable', err: error });
      this.isFailing = true;
      throw new QuotaStoreUnavailable({ cause: error });
    }
  }

  private keysOf(userId: string): string[] {
    const user = `{${this.prefix}}:user:${userId}`;
    const all = `{${this.prefix}}:all`;
    return [user, `${user}:expiries`, `${user}:requests`, `${user}:tokens`, all, `${all}:expiries`];
  }
}

const amount = ({ tokens, cost }: QuotaAmount): [tokens: number, cost: string] => [tokens, String(cost)];

function toArguments({ id, epoch, admittedAt, used, next, isOver }: OpenRun): (string | number)[] {
  const state = isOver ? 'over' : 'open';
  return [
    id,
    dayKey(admittedAt),
    String(used.cost),
    used.tokens,
    String(next.cost),
    next.tokens,
    state,
    epoch,
  ];
}

function toStates(standing: Standing, limits: QuotaLimits): QuotaState[] {
  const [, , dayText, requests, requestsWholeAt, tokens, heldTokens, tokensWholeAt, ...money] = standing;
  const [daySpent, dayHeld, monthSpent, monthHeld, allSpent, allHeld] = money;
  const day = new Date(`${dayText}T00:00:00Z`);
  const state = (
    scope: QuotaScope,
    limit: bigint | number | undefined,
    [used, reserved]: readonly [string, string],
    resetAt: Date,
  ): QuotaState[] =>
    limit === undefined
      ? []
      : [{ scope, limit: BigInt(limit), used: BigInt(used), reserved: BigInt(reserved), resetAt }];
  const at = (text: string): Date => new Date(Number(text));
  return [
    ...state('requests_per_minute', limits.requestsPerMinute, [requests, '0'], at(requestsWholeAt)),
    ...state('tokens_per_minute', limits.tokensPerMinute, [tokens, heldTokens], at(tokensWholeAt)),
    ...state('daily_cost', limits.dailyCost, [daySpent, dayHeld], endOfDay(day)),
    ...state('monthly_cost', limits.monthlyCost, [monthSpent, monthHeld], endOfMonth(day)),
    ...state('installation_daily_cost', limits.installationDailyCost, [allSpent, allHeld], endOfDay(day)),
  ];
}

/** The scopes that refuse, the one that is whole last before the others. */
function toRefusals(standing: Standing, states: readonly QuotaState[]): QuotaState[] {
  const refusals = standing[14];
  return states
    .flatMap((state) => {
      const index = refusals.indexOf(state.scope);
      if (index === -1) return [];
      const whenRoom = refusals[index + 1];
      return [whenRoom ? { ...state, resetAt: new Date(Number(whenRoom)) } : state];
    })
    .sort((a, b) => b.resetAt.getTime() - a.resetAt.getTime());
}
