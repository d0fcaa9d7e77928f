import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { AgentConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import { SHOWS_QUOTA } from '../../shared/access/shows-quota.decorator.js';
import { requestContext } from '../../shared/context/request-context.js';
import type { PicoUsd } from '../../shared/money/usd.js';
import { DemandEstimator } from './demand-estimator.js';
import { limitHeaders } from './limit-headers.js';
import { SPENDS_QUOTA } from './quota.decorator.js';
import { QuotaMetrics } from './quota-metrics.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import {
  QUOTA_STORE,
  type QuotaAmount,
  type QuotaLimits,
  type QuotaStore,
  QuotaStoreUnavailable,
} from './quota-store.js';
import { reservationLifetimeMs } from './reservation-lifetime.js';
import { neverFits, orUnavailable, quotaExceeded } from './rate-limit.errors.js';

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/**
 * Has the caller anything left? Holds, in one atomic step over all windows and budgets, what the run's first model call may
 * use. It runs before the body is validated, so it reads the body with care; a request that turns out invalid is given back.
 */
@Injectable()
export class QuotaGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly policy: QuotaLimitsPolicy,
    private readonly demands: DemandEstimator,
    private readonly metrics: QuotaMetrics,
    private readonly agent: AgentConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const context = requestContext.current();
    if (!context?.principal) return true;
    const { principal } = context;
    const { userId } = principal;
    const limits = this.policy.of(principal);
    if (!this.isMarked(execution, SPENDS_QUOTA) || context.idempotency?.repeats) {
      if (this.isMarked(execution, SHOWS_QUOTA)) await this.show(execution, userId, limits);
      return true;
    }
    const http = execution.switchToHttp();
    const next = this.demands.estimate(principal, http.getRequest<Request>().body);
    assertCouldFit(limits, this.policy.costPerRun, next);
    const id = context.idempotency?.runId ?? this.ids.next();
    const outcome = await orUnavailable(
      this.store.reserve({
        id,
        userId,
        limits,
        requests: 1,
        used: NOTHING,
        next,
        expiresInMs: reservationLifetimeMs(this.agent),
      }),
    );
    const now = this.clock.now();
    http.getResponse<Response>().set(limitHeaders(outcome.states, now));
    if (!outcome.admitted) {
      this.metrics.refused(outcome.refused.scope);
      throw quotaExceeded(outcome.refused, now);
    }
    context.reservation = { id, userId, ...next, isTaken: false };
    return true;
  }

  private isMarked(execution: ExecutionContext, mark: string): boolean {
    const targets = [execution.getHandler(), execution.getClass()];
    return this.reflector.getAllAndOverride<boolean | undefined>(mark, targets) ?? false;
  }

  /** Who only looks is not refused because nobody can tell. */
  private async show(execution: ExecutionContext, userId: string, limits: QuotaLimits): Promise<void> {
    try {
      const states = await this.store.read(userId, limits);
      execution.switchToHttp().getResponse<Response>().set(limitHeaders(states, this.clock.now()));
    } catch (error) {
      if (!(error instanceof QuotaStoreUnavailable)) throw error;
    }
  }
}

/** Waiting would not help: it is too much for an empty window, for an untouched budget, or for one run. */
function assertCouldFit(
  limits: QuotaLimits,
  costPerRun: PicoUsd | undefined,
  { tokens, cost }: QuotaAmount,
): void {
  if (tokens > limits.tokensPerMinute && limits.tokensPerMinute > 0) throw neverFits('tokens_per_minute');
  const budgets = {
    daily_cost: limits.dailyCost,
    monthly_cost: limits.monthlyCost,
    installation_daily_cost: limits.installationDailyCost,
  };
  for (const [scope, limit] of Object.entries(budgets)) {
    if (limit !== undefined && limit > 0n && cost > limit) throw neverFits(scope);
  }
  if (costPerRun !== undefined && cost > costPerRun) throw neverFits('run_cost');
}
