import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../shared/context/principal.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { QUOTA_STORE, type QuotaScope, type QuotaState, type QuotaStore } from './quota-store.js';
import { orUnavailable } from './rate-limit.errors.js';
import { toBudgetUsageDto, toWindowUsageDto } from './to-usage-dto.js';
import type { QuotaStandingDto } from './usage.dto.js';

/** Tells callers where they stand. */
@Injectable()
export class UsageService {
  constructor(
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly policy: QuotaLimitsPolicy,
  ) {}

  /** Throws `dependency_unavailable` while the store cannot be asked. */
  async of(principal: Principal): Promise<QuotaStandingDto> {
    const { requestsPerMinute, tokensPerMinute, dailyCost, monthlyCost } = this.policy.of(principal);
    // A budget without a limit is counted all the same. It is told only to who asks for it with one, which is not shown.
    const limits = {
      requestsPerMinute,
      tokensPerMinute,
      dailyCost: dailyCost ?? 0n,
      monthlyCost: monthlyCost ?? 0n,
    };
    const states = await orUnavailable(this.store.read(principal.userId, limits));
    return {
      tier: principal.tier,
      windows: {
        requests_per_minute: toWindowUsageDto(stateOf(states, 'requests_per_minute')),
        tokens_per_minute: toWindowUsageDto(stateOf(states, 'tokens_per_minute')),
      },
      budgets: {
        daily_cost: toBudgetUsageDto(stateOf(states, 'daily_cost'), dailyCost !== undefined),
        monthly_cost: toBudgetUsageDto(stateOf(states, 'monthly_cost'), monthlyCost !== undefined),
      },
    };
  }
}

function stateOf(states: readonly QuotaState[], scope: QuotaScope): QuotaState {
  const state = states.find((each) => each.scope === scope);
  if (!state) throw new Error(`the quota store does not tell ${scope}`);
  return state;
}
