import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { AgentConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import { requestContext } from '../../shared/context/request-context.js';
import { DemandEstimator } from './demand-estimator.js';
import { limitHeaders } from './limit-headers.js';
import { SPENDS_QUOTA } from './quota.decorator.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { QUOTA_STORE, type QuotaAmount, type QuotaLimits, type QuotaStore } from './quota-store.js';
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
    private readonly agent: AgentConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const isMarked = this.reflector.getAllAndOverride<boolean | undefined>(SPENDS_QUOTA, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    const context = requestContext.current();
    if (!isMarked || !context?.principal || context.idempotency?.repeats) return true;

    const { principal } = context;
    const { userId } = principal;
    const limits = this.policy.of(principal);
    const http = execution.switchToHttp();
    const next = this.demands.estimate(principal, http.getRequest<Request>().body);
    assertCouldFit(limits, next);
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
    if (!outcome.admitted) throw quotaExceeded(outcome.refused, now);
    context.reservation = { id, userId, ...next, isTaken: false };
    return true;
  }
}

/** Waiting would not help: it is too much for an empty window, or for an untouched budget. */
function assertCouldFit(limits: QuotaLimits, { tokens, cost }: QuotaAmount): void {
  if (tokens > limits.tokensPerMinute && limits.tokensPerMinute > 0) throw neverFits('tokens_per_minute');
  const budgets = { daily_cost: limits.dailyCost, monthly_cost: limits.monthlyCost };
  for (const [scope, limit] of Object.entries(budgets)) {
    if (limit !== undefined && limit > 0n && cost > limit) throw neverFits(scope);
  }
}
