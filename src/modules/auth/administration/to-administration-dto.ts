import { parseUsd } from '../../../shared/money/usd.js';
import { toStoredLimits } from '../own-limits.js';
import { permissionsOf } from '../role-permissions.js';
import type { AccountChange, AdministeredAccount } from './account-change.js';
import type { AdministeredUserDto, UpdateUserBody } from './administration.dto.js';

export function toAccountChange({
  tier,
  roles,
  permissions,
  limits,
  tools,
  disabled,
}: UpdateUserBody): AccountChange {
  return {
    ...(tier === undefined ? {} : { tier }),
    ...(roles === undefined ? {} : { roles }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(tools === undefined ? {} : { tools }),
    ...(disabled === undefined ? {} : { isDisabled: disabled }),
    ...(limits === undefined
      ? {}
      : {
          limits: {
            requestsPerMinute: limits.requests_per_minute,
            tokensPerMinute: limits.tokens_per_minute,
            dailyCost: toPico(limits.daily_cost),
            monthlyCost: toPico(limits.monthly_cost),
          },
        }),
  };
}

function toPico(text: string | null | undefined): bigint | null | undefined {
  return typeof text === 'string' ? parseUsd(text) : text;
}

export function toAdministeredUserDto(account: AdministeredAccount): AdministeredUserDto {
  const limits = toStoredLimits(account.limits);
  return {
    id: account.id,
    kind: account.kind,
    email: account.email,
    name: account.name,
    tier: account.tier,
    roles: [...account.roles],
    permissions: [...account.permissions],
    effective_permissions: [...permissionsOf(account.roles, account.permissions)],
    limits: {
      requests_per_minute: limits.requests_per_minute ?? null,
      tokens_per_minute: limits.tokens_per_minute ?? null,
      daily_cost: limits.daily_cost ?? null,
      monthly_cost: limits.monthly_cost ?? null,
    },
    tools: {
      allowed: account.tools.allowed ? [...account.tools.allowed].sort() : null,
      denied: [...account.tools.denied].sort(),
    },
    disabled_at: account.disabledAt?.toISOString() ?? null,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
