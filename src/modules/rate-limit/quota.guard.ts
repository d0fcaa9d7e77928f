import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { estimateTokenCount } from 'tokenx';
import { AgentConfig, RateLimitConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { Tier } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { limitHeaders } from './limit-headers.js';
import { SPENDS_QUOTA } from './quota.decorator.js';
import { QUOTA_STORE, type QuotaLimits, type QuotaStore } from './quota-store.js';
import { quotaExceeded } from './rate-limit.errors.js';
import { Reservations } from './reservations.js';

/**
 * Has the caller anything left? Reserves, in one atomic step over all windows and budgets, what the request may use. It
 * runs before the body is validated, so it reads the body with care; a body that turns out invalid is given back.
 */
@Injectable()
export class QuotaGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly reservations: Reservations,
    private readonly limits: RateLimitConfig,
    private readonly agent: AgentConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const isMarked = this.reflector.getAllAndOverride<boolean | undefined>(SPENDS_QUOTA, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    const context = requestContext.current();
    if (!isMarked || !context?.principal || context.idempotency?.repeats) return true;

    const { userId, tier } = context.principal;
    const limits = this.limitsOf(tier);
    const request = execution.switchToHttp().getRequest<Request>();
    const tokens = Math.min(this.estimate(request.body), limits.tokensPerMinute);
    const outcome = await this.store.reserve(userId, limits, { tokens, cost: 0n });
    const now = this.clock.now();
    execution.switchToHttp().getResponse<Response>().set(limitHeaders(outcome.states, now));
    if (!outcome.admitted) throw quotaExceeded(outcome.refused, now);
    context.meter = this.reservations.open(outcome.reservationId);
    return true;
  }

  private limitsOf(tier: Tier): QuotaLimits {
    const { maxDailyCostPerUser, maxMonthlyCostPerUser, isCostTrackingEnabled } = this.limits;
    return {
      ...this.limits.tiers[tier],
      ...(isCostTrackingEnabled ? { dailyCost: maxDailyCostPerUser } : {}),
      ...(isCostTrackingEnabled && maxMonthlyCostPerUser !== undefined
        ? { monthlyCost: maxMonthlyCostPerUser }
        : {}),
    };
  }

  /** The message and the longest answer. What the history adds is settled afterwards. */
  private estimate(body: unknown): number {
    const { message, max_tokens: asked } = (typeof body === 'object' && body !== null ? body : {}) as Record<
      string,
      unknown
    >;
    const answer =
      typeof asked === 'number' && Number.isSafeInteger(asked) && asked > 0 ? asked : this.agent.maxTokens;
    return answer + (typeof message === 'string' ? estimateTokenCount(message) : 0);
  }
}
