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

/** Which tools an administrator has given to one user, or taken away. */
export interface ToolAccess {
  /** These and no others, whatever a tool's rule asks of other users. Left out: all that tier and permissions allow. */
  readonly allowed?: ReadonlySet<string>;
  /** Goes before everything else. */
  readonly denied: ReadonlySet<string>;
}

export const EVERY_TOOL: ToolAccess = { denied: new Set() };

/** Stands for an account that has gone, or was disabled while its work went on: may do nothing. */
export function nobody(userId: string): Principal {
  return {
    userId,
    email: null,
    tier: 'free',
    roles: [],
    permissions: new Set(),
    limits: {},
    tools: EVERY_TOOL,
  };
}

/** Who calls, as the database says it now: never taken from a token's claims alone. */
export interface Principal {
  readonly userId: string;
  /** `null`: the account belongs to a service, or to somebody whom an outside provider knows. */
  readonly email: string | null;
  /** What an account without an email is called. */
  readonly name?: string;
  readonly tier: Tier;
  readonly roles: readonly string[];
  /** Own permissions and those of the roles together, no more than `scopes`. */
  readonly permissions: ReadonlySet<Permission>;
  /** Set when an API key speaks for the user: whatever the user may do, the key may at most do this. */
  readonly scopes?: ReadonlySet<Permission>;
  readonly limits: UserLimits;
  readonly tools: ToolAccess;
  /** The user wants facts about them kept, and shown to models. Left out: no. */
  readonly hasMemory?: boolean;
}

/** The same user, who may at most do this. `undefined`: whatever they may do. */
export function limitedTo(principal: Principal, scopes: ReadonlySet<Permission> | undefined): Principal {
  if (!scopes) return principal;
  const permissions = new Set([...principal.permissions].filter((permission) => scopes.has(permission)));
  return { ...principal, scopes, permissions };
}
