import type { PicoUsd } from '../money/usd.js';

export const TIERS = ['free', 'basic', 'pro'] as const;
export type Tier = (typeof TIERS)[number];

/**
 * What a caller may do. Routes name the one they need with `@RequirePermission`; tools name theirs in `Tool.permission`.
 */
export const PERMISSIONS = [
  'agent:run',
  'conversations:manage',
  'models:read',
  'tools:use',
  'prompts:write',
  'guardrails:check',
  'admin',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Ceilings of one user that an administrator has set; what is left out is the tier's, or the installation's. */
export interface UserLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly dailyCost?: PicoUsd;
  readonly monthlyCost?: PicoUsd;
}

/** Who calls, as the database says it now: never taken from a token's claims alone. */
export interface Principal {
  readonly userId: string;
  readonly email: string;
  readonly tier: Tier;
  readonly roles: readonly string[];
  /** Own permissions and those of the roles together. */
  readonly permissions: ReadonlySet<Permission>;
  readonly limits: UserLimits;
}
