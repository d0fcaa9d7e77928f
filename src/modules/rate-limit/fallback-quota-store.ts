import { LRUCache } from 'lru-cache';
import type { PinoLogger } from 'nestjs-pino';
import type { PicoUsd } from '../../shared/money/usd.js';
import {
  BEFORE_OWNERS,
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  type QuotaState,
  type QuotaStore,
  QuotaStoreUnavailable,
  ReservationFenced,
  type ReserveOutcome,
} from './quota-store.js';

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/** Of what was left of a user's budget, per process: with up to ten replicas the cap holds all the same. */
const ALLOWANCE = 10n;
const MAX_KNOWN = 50_000;

/** What the shared store has last said of a user. */
interface LastKnown {
  readonly states: readonly QuotaState[];
  /** Of the budget that has least; `undefined`: there is none. */
  readonly left: PicoUsd | undefined;
  /** What runs have been let use since. */
  allowed: PicoUsd;
}

/**
 * The store of all replicas, and this process's own for when that is away. Windows may be counted locally then: a user may
 * pass them once per replica. Budgets may not, unless that was chosen (`PERCH_QUOTA_WITHOUT_REDIS=local`); but a run that is
 * in the middle may go on with a part of what was left when it was last asked for.
 *
 * A run that was admitted locally is charged to the shared store at its end, as soon as that is back.
 */
export class FallbackQuotaStore implements QuotaStore {
  /** Runs that the shared store knows nothing of. */
  private readonly locals = new Map<string, QuotaRequest>();
  private readonly lastKnown = new LRUCache<string, LastKnown>({ max: MAX_KNOWN });

  constructor(
    private readonly shared: QuotaStore,
    private readonly local: QuotaStore,
    private readonly areBudgetsLocalToo: boolean,
    private readonly logger: Pick<PinoLogger, 'warn'>,
  ) {}

  async reserve(request: QuotaRequest): Promise<ReserveOutcome> {
    if (this.locals.has(request.id)) return this.reserveLocally(request);
    try {
      const outcome = await this.shared.reserve(request);
      const { states } = outcome;
      this.lastKnown.set(request.userId, { states, left: leftOf(states), allowed: 0n });
      return outcome;
    } catch (error) {
      if (this.mayCountLocally(error, request.limits)) return this.reserveLocally(request);
      const known = error instanceof QuotaStoreUnavailable ? this.goOn(request) : undefined;
      if (!known) throw error;
      return { admitted: true, states: known.states };
    }
  }

  async renew(userId: string, ids: readonly string[], expiresInMs: number): Promise<void> {
    await this.local.renew(userId, ids, expiresInMs);
    await this.shared.renew(userId, ids, expiresInMs);
  }

  async settle(id: string, userId: string, used: QuotaAmount, epoch = BEFORE_OWNERS): Promise<void> {
    const request = this.locals.get(id);
    // A newer owner in this process will tell the shared store of all that the run has used.
    if (isNewer(request, epoch)) return this.local.settle(id, userId, used, epoch);
    if (request) {
      // First of all it is made known there: then what it has used is new. A newer owner elsewhere has done so already.
      await this.shared
        .reserve({ ...request, epoch, requests: 1, used, next: NOTHING })
        .catch((error: unknown) => {
          if (!(error instanceof ReservationFenced)) throw error;
        });
    }
    await this.shared.settle(id, userId, used, epoch);
    await this.local.settle(id, userId, used, epoch);
    this.forgetLocal(id, epoch);
  }

  async release(id: string, userId: string, epoch = BEFORE_OWNERS): Promise<void> {
    if (!this.locals.has(id)) await this.shared.release(id, userId, epoch);
    await this.local.release(id, userId, epoch);
    this.forgetLocal(id, epoch);
  }

  async read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    try {
      return await this.shared.read(userId, limits);
    } catch (error) {
      if (!this.mayCountLocally(error, limits)) throw error;
      return this.local.read(userId, limits);
    }
  }

  async erase(userId: string): Promise<void> {
    this.lastKnown.delete(userId);
    await this.local.erase(userId);
    await this.shared.erase(userId);
  }

  /** A run in the middle that may go on although nobody can be asked. */
  private goOn({ id, userId, requests, next }: QuotaRequest): LastKnown | undefined {
    const known = this.lastKnown.get(userId);
    if (requests === 1 || known?.left === undefined) return undefined;
    if ((known.allowed + next.cost) * ALLOWANCE > known.left) return undefined;
    known.allowed += next.cost;
    this.logger.warn({ event: 'quota.allowed_unasked', run_id: id });
    return known;
  }

  private async reserveLocally(request: QuotaRequest): Promise<ReserveOutcome> {
    const outcome = await this.local.reserve(request);
    const known = this.locals.get(request.id);
    if (known) this.locals.set(request.id, { ...known, epoch: request.epoch ?? BEFORE_OWNERS });
    else if (outcome.admitted) {
      this.locals.set(request.id, request);
      this.logger.warn({ event: 'quota.counted_locally', run_id: request.id });
    }
    return outcome;
  }

  private forgetLocal(id: string, epoch: number): void {
    if (!isNewer(this.locals.get(id), epoch)) this.locals.delete(id);
  }

  private mayCountLocally(
    error: unknown,
    { dailyCost, monthlyCost, installationDailyCost }: QuotaLimits,
  ): boolean {
    if (!(error instanceof QuotaStoreUnavailable)) return false;
    const hasBudgets = [dailyCost, monthlyCost, installationDailyCost].some((budget) => budget !== undefined);
    return this.areBudgetsLocalToo || !hasBudgets;
  }
}

function isNewer(request: QuotaRequest | undefined, epoch: number): boolean {
  return request !== undefined && (request.epoch ?? BEFORE_OWNERS) > epoch;
}

function leftOf(states: readonly QuotaState[]): PicoUsd | undefined {
  const left = states
    .filter(({ scope }) => scope.endsWith('_cost'))
    .map(({ limit, used, reserved }) => limit - used - reserved);
  return left.length === 0 ? undefined : left.reduce((least, value) => (value < least ? value : least));
}
