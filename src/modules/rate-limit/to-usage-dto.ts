import { formatUsd } from '../../shared/money/usd.js';
import type { QuotaState } from './quota-store.js';
import type { BudgetUsageDto, WindowUsageDto } from './usage.dto.js';

export function toWindowUsageDto(state: QuotaState): WindowUsageDto {
  return {
    limit: Number(state.limit),
    used: Number(state.used),
    reserved: Number(state.reserved),
    remaining: Number(remainingOf(state)),
    reset_at: state.resetAt.toISOString(),
  };
}

/** `isLimited` false: the limit of `state` is none. */
export function toBudgetUsageDto(state: QuotaState, isLimited: boolean): BudgetUsageDto {
  return {
    limit: isLimited ? formatUsd(state.limit) : null,
    used: formatUsd(state.used),
    reserved: formatUsd(state.reserved),
    remaining: isLimited ? formatUsd(remainingOf(state)) : null,
    reset_at: state.resetAt.toISOString(),
  };
}

function remainingOf({ limit, used, reserved }: QuotaState): bigint {
  return limit > used + reserved ? limit - used - reserved : 0n;
}
