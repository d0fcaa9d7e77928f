import type { Permission, Tier, ToolAccess, UserLimits } from '../../../shared/context/principal.js';
import type { AccountKind, Role } from '../account.js';
import { type StoredLimits, toStoredLimits } from '../own-limits.js';
import { type StoredToolAccess, toStoredToolAccess } from '../tool-access.js';
import { permissionsOf } from '../role-permissions.js';

/** An account as administrators see it: nothing that one could log in with. */
export interface AdministeredAccount {
  readonly id: string;
  readonly kind: AccountKind;
  /** Of a local account. */
  readonly email: string | null;
  /** What an account without an email is called. */
  readonly name: string | null;
  readonly tier: Tier;
  readonly roles: readonly string[];
  /** The account's own, beyond those of its roles. */
  readonly permissions: readonly string[];
  readonly limits: UserLimits;
  readonly tools: ToolAccess;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What is left out stays as it is. Roles and permissions are replaced as a whole, limits one by one. */
export interface AccountChange {
  readonly tier?: Tier;
  readonly roles?: readonly Role[];
  readonly permissions?: readonly Permission[];
  /** `null`: the user has no limit of this kind of their own any more. */
  readonly limits?: { readonly [K in keyof UserLimits]?: UserLimits[K] | null };
  /** Each list is replaced as a whole. `allowed: null`: every tool again. */
  readonly tools?: { readonly allowed?: readonly string[] | null; readonly denied?: readonly string[] };
  /** True: neither password nor token nor key of the account is good for anything. */
  readonly isDisabled?: boolean;
}

/** What may be changed, in the form of the contract and of the audit trail. */
export interface ChangeableMembers {
  readonly tier: Tier;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly limits: StoredLimits;
  readonly tools: StoredToolAccess;
  readonly disabled: boolean;
}

/** `now`: since when an account is disabled that was not. */
export function applyChange(
  account: AdministeredAccount,
  change: AccountChange,
  now: Date,
): AdministeredAccount {
  const { tier, roles, permissions, limits, tools, isDisabled } = change;
  return {
    ...account,
    tier: tier ?? account.tier,
    roles: roles ?? account.roles,
    permissions: permissions ?? account.permissions,
    limits: limits ? mergeLimits(account.limits, limits) : account.limits,
    tools: tools ? mergeToolAccess(account.tools, tools) : account.tools,
    disabledAt:
      isDisabled === undefined ? account.disabledAt : isDisabled ? (account.disabledAt ?? now) : null,
  };
}

function mergeLimits(own: UserLimits, change: NonNullable<AccountChange['limits']>): UserLimits {
  const merged = { ...own, ...withoutUndefined(change) };
  return Object.fromEntries(Object.entries(merged).filter(([, limit]) => limit !== null));
}

function mergeToolAccess(own: ToolAccess, change: NonNullable<AccountChange['tools']>): ToolAccess {
  const allowed = change.allowed === undefined ? own.allowed : change.allowed;
  return {
    ...(allowed ? { allowed: new Set(allowed) } : {}),
    denied: change.denied ? new Set(change.denied) : own.denied,
  };
}

function withoutUndefined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, member]) => member !== undefined),
  ) as Partial<T>;
}

/** Only the members that differ. `undefined`: none does. */
export function differenceOf(
  before: AdministeredAccount,
  after: AdministeredAccount,
): { before: Partial<ChangeableMembers>; after: Partial<ChangeableMembers> } | undefined {
  const [old, changed] = [changeableMembers(before), changeableMembers(after)];
  const names = (Object.keys(old) as (keyof ChangeableMembers)[]).filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(changed[name]),
  );
  if (names.length === 0) return undefined;
  const only = (members: ChangeableMembers): Partial<ChangeableMembers> =>
    Object.fromEntries(names.map((name) => [name, members[name]]));
  return { before: only(old), after: only(changed) };
}

function changeableMembers({
  tier,
  roles,
  permissions,
  limits,
  tools,
  disabledAt,
}: AdministeredAccount): ChangeableMembers {
  // Sorted: the order in which somebody wrote them is no difference.
  return {
    tier,
    roles: [...roles].sort(),
    permissions: [...permissions].sort(),
    limits: toStoredLimits(limits),
    tools: toStoredToolAccess(tools),
    disabled: disabledAt !== null,
  };
}

export function isAdministrator({ roles, permissions, disabledAt }: AdministeredAccount): boolean {
  return disabledAt === null && permissionsOf(roles, permissions).has('admin');
}
