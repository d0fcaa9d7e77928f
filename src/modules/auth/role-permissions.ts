import { type Permission, PERMISSIONS, type Principal } from '../../shared/context/principal.js';
import { type Account, type Role, ROLES } from './account.js';

/** What each role may do. */
const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  user: ['agent:run', 'conversations:manage', 'models:read', 'tools:use'],
  admin: PERMISSIONS,
};

/** Roles' and own permissions together. Words that this version does not know grant nothing. */
export function permissionsOf(roles: readonly string[], own: readonly string[]): ReadonlySet<Permission> {
  const granted = new Set<Permission>();
  for (const role of ROLES) {
    if (roles.includes(role)) for (const permission of ROLE_PERMISSIONS[role]) granted.add(permission);
  }
  for (const permission of PERMISSIONS) if (own.includes(permission)) granted.add(permission);
  return granted;
}

export function toPrincipal(account: Account): Principal {
  return {
    userId: account.id,
    email: account.email,
    ...(account.name === null ? {} : { name: account.name }),
    tier: account.tier,
    roles: account.roles,
    permissions: permissionsOf(account.roles, account.permissions),
    limits: account.limits,
    tools: account.tools,
    hasMemory: account.isMemoryEnabled,
  };
}
