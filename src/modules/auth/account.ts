import type { Tier, ToolAccess, UserLimits } from '../../shared/context/principal.js';

/**
 * `local`: logs in with email and password. `external`: an outside identity provider vouches for it. `service`: a program
 * that has API keys and nothing else.
 */
export const ACCOUNT_KINDS = ['local', 'external', 'service'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** An account as the rest of the module sees it. */
export interface Account {
  readonly id: string;
  readonly kind: AccountKind;
  /** Of a local account. */
  readonly email: string | null;
  /** What an account without an email is called. */
  readonly name: string | null;
  /** Of a local account. */
  readonly passwordHash: string | null;
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
