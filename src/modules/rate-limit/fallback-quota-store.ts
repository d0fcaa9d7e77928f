import { PinoLogger } from 'nestjs-pino';
import {
  type QuotaAmount,
  type QuotaLimits,
  type QuotaRequest,
  type QuotaState,
  type QuotaStore,
  QuotaStoreUnavailable,
  type ReserveOutcome,
} from './quota-store.js';

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/**
 * The store of all replicas, and this process's own for when that is away. Windows may be counted locally then: a user may
 * pass them once per replica. Budgets may not, unless that was chosen (`PERCH_QUOTA_WITHOUT_REDIS=local`).
 *
 * A run that was admitted locally is charged to the shared store at its end, as soon as that is back.
 */
export class FallbackQuotaStore implements QuotaStore {
  /** Runs that the shared store knows nothing of. */
  private readonly locals = new Map<string, QuotaRequest>();

  constructor(
    private readonly shared: QuotaStore,
    private readonly local: QuotaStore,
    private readonly areBudgetsLocalToo: boolean,
    private readonly logger: Pick<PinoLogger, 'warn'>,
  ) {}

  async reserve(request: QuotaRequest): Promise<ReserveOutcome> {
    if (this.locals.has(request.id)) return this.reserveLocally(request);
    try {
      return await this.shared.reserve(request);
    } catch (error) {
      if (!this.mayCountLocally(error, request.limits)) throw error;
      return this.reserveLocally(request);
    }
  }

  async settle(id: string, userId: string, used: QuotaAmount): Promise<void> {
    const request = this.locals.get(id);
    if (request) {
      // First of all it is made known there: then what it has used is new.
      await this.shared.reserve({ ...request, requests: 1, used, next: NOTHING });
    }
    await this.shared.settle(id, userId, used);
    await this.local.settle(id, userId, used);
    this.locals.delete(id);
  }

  async release(id: string, userId: string): Promise<void> {
    if (!this.locals.has(id)) await this.shared.release(id, userId);
    await this.local.release(id, userId);
    this.locals.delete(id);
  }

  async read(userId: string, limits: QuotaLimits): Promise<readonly QuotaState[]> {
    try {
      return await this.shared.read(userId, limits);
    } catch (error) {
      if (!this.mayCountLocally(error, limits)) throw error;
      return this.local.read(userId, limits);
    }
  }

  private async reserveLocally(request: QuotaRequest): Promise<ReserveOutcome> {
    const outcome = await this.local.reserve(request);
    if (outcome.admitted && !this.locals.has(request.id)) {
      this.locals.set(request.id, request);
      this.logger.warn({ event: 'quota.counted_locally', run_id: request.id });
    }
    return outcome;
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
