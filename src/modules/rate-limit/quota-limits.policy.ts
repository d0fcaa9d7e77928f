import { Injectable } from '@nestjs/common';
import { RateLimitConfig } from '../../config/app-config.js';
import type { Principal } from '../../shared/context/principal.js';
import type { PicoUsd } from '../../shared/money/usd.js';
import type { QuotaLimits } from './quota-store.js';

/** Which ceilings hold for a caller: the user's own before the tier's and the installation's. */
@Injectable()
export class QuotaLimitsPolicy {
  constructor(private readonly config: RateLimitConfig) {}

  /** What one run may cost at most, whosever it is. `undefined`: no such ceiling. */
  get costPerRun(): PicoUsd | undefined {
    return this.config.isCostTrackingEnabled ? this.config.maxCostPerRun : undefined;
  }

  of({ tier, limits }: Pick<Principal, 'tier' | 'limits'>): QuotaLimits {
    const { config } = this;
    const ofTier = config.tiers[tier];
    const windows = {
      requestsPerMinute: limits.requestsPerMinute ?? ofTier.requestsPerMinute,
      tokensPerMinute: limits.tokensPerMinute ?? ofTier.tokensPerMinute,
    };
    if (!config.isCostTrackingEnabled) return windows;
    const monthlyCost = limits.monthlyCost ?? config.maxMonthlyCostPerUser;
    const { installationDailyCost } = config;
    return {
      ...windows,
      dailyCost: limits.dailyCost ?? config.maxDailyCostPerUser,
      ...(monthlyCost === undefined ? {} : { monthlyCost }),
      ...(installationDailyCost === undefined ? {} : { installationDailyCost }),
    };
  }
}
