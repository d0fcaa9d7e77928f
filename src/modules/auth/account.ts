import type { Tier, ToolAccess, UserLimits } from '../../shared/context/principal.js';

/** A local account as the rest of the module sees it. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly tier: Tier;
  readonly roles: readonly string[];
  /** The account's own, beyond those of its roles; may hold words that this version does not know. */
  readonly permissions: readonly string[];
  readonly limits: UserLimits;
  readonly tools: ToolAccess;
  readonly isDisabled: boolean;
  readonly isMemoryEnabled: boolean;
}

export interface NewAccount {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly tier: Tier;
  readonly roles: readonly Role[];
}

export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];
