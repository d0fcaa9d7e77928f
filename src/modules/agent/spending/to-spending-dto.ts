import { formatUsd } from '../../../shared/money/usd.js';
import type { AlertDelivery, AlertDto } from './alerts.dto.js';
import type { TrackedAlert } from './alert.repository.js';
import { toAlertMembers } from './due-alerts.js';
import type { SpendingKey, SpendingSum } from './spending.js';
import type { UserSpending } from './spending.service.js';
import type { SpendingSumDto, UsageRecordDto, UserSpendingDto } from './usage-records.dto.js';

export function toSpendingSumDto(sum: SpendingSum): SpendingSumDto {
  const knownCost = formatUsd(sum.knownCost);
  return {
    calls: sum.calls,
    unpriced_calls: sum.unpricedCalls,
    input_tokens: sum.inputTokens,
    output_tokens: sum.outputTokens,
    cache_read_tokens: sum.cacheReadTokens,
    cache_write_tokens: sum.cacheWriteTokens,
    reasoning_tokens: sum.reasoningTokens,
    total_tokens: sum.inputTokens + sum.outputTokens,
    cost_usd: sum.unpricedCalls > 0 ? null : knownCost,
    known_cost_usd: knownCost,
  };
}

export function toUsageRecordDto(group: SpendingSum & SpendingKey): UsageRecordDto {
  const { day, model, provider, endpoint } = group;
  return {
    ...(day === undefined ? {} : { day }),
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...toSpendingSumDto(group),
  };
}

export function toUserSpendingDto(user: UserSpending): UserSpendingDto {
  return { user_id: user.userId, email: user.email ?? null, ...toSpendingSumDto(user) };
}

export function toAlertDto(alert: TrackedAlert): AlertDto {
  return {
    ...toAlertMembers(alert),
    delivery: deliveryOf(alert),
    delivery_attempts: alert.attempts,
    delivered_at: alert.deliveredAt?.toISOString() ?? null,
    last_failure: alert.lastFailure,
  };
}

function deliveryOf({ deliveredAt, isPending, attempts }: TrackedAlert): AlertDelivery {
  if (deliveredAt) return 'delivered';
  if (isPending) return 'pending';
  return attempts > 0 ? 'failed' : 'none';
}
