import type { UserLimits } from '../../shared/context/principal.js';
import { formatUsd, parseUsd } from '../../shared/money/usd.js';

/** As the database and the contract have them: counts, and money as decimal text. */
export interface StoredLimits {
  readonly requests_per_minute?: number;
  readonly tokens_per_minute?: number;
  readonly daily_cost?: string;
  readonly monthly_cost?: string;
}

export function fromStoredLimits(stored: StoredLimits): UserLimits {
  const {
    requests_per_minute: requestsPerMinute,
    tokens_per_minute: tokensPerMinute,
    daily_cost: dailyCost,
    monthly_cost: monthlyCost,
  } = stored;
  return {
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    ...(dailyCost === undefined ? {} : { dailyCost: parseUsd(dailyCost) }),
    ...(monthlyCost === undefined ? {} : { monthlyCost: parseUsd(monthlyCost) }),
  };
}

export function toStoredLimits(limits: UserLimits): StoredLimits {
  const { requestsPerMinute, tokensPerMinute, dailyCost, monthlyCost } = limits;
  return {
    ...(requestsPerMinute === undefined ? {} : { requests_per_minute: requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokens_per_minute: tokensPerMinute }),
    ...(dailyCost === undefined ? {} : { daily_cost: formatUsd(dailyCost) }),
    ...(monthlyCost === undefined ? {} : { monthly_cost: formatUsd(monthlyCost) }),
  };
}
