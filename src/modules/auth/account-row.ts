import type { Tier } from '../../shared/context/principal.js';
import type { Account, AccountKind } from './account.js';
import { fromStoredLimits, type StoredLimits } from './own-limits.js';
import { fromStoredToolAccess, type StoredToolAccess } from './tool-access.js';

/** An account as a statement gives it. */
export interface AccountRow {
  id: string;
  kind: AccountKind;
  email: string | null;
  name: string | null;
  password_hash: string | null;
  tier: Tier;
  roles: string[];
  permissions: string[];
  limits: StoredLimits;
  tools: StoredToolAccess;
  disabled_at: Date | null;
  memory_enabled: boolean;
}

/** What `toAccount` reads, of a table that the statement calls `a`. */
export const ACCOUNT_COLUMNS =
  'a.id, a.kind, a.email, a.name, a.password_hash, a.tier, a.roles, a.permissions, a.limits, a.tools, a.disabled_at, ' +
  'a.memory_enabled';

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    kind: row.kind,
    email: row.email,
    name: row.name,
    passwordHash: row.password_hash,
    tier: row.tier,
    roles: row.roles,
    permissions: row.permissions,
    limits: fromStoredLimits(row.limits),
    tools: fromStoredToolAccess(row.tools),
    isDisabled: row.disabled_at !== null,
    isMemoryEnabled: row.memory_enabled,
  };
}
