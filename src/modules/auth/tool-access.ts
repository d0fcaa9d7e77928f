import type { ToolAccess } from '../../shared/context/principal.js';

/** As the database and the contract have it. `allowed` left out: every tool that tier and permissions allow. */
export interface StoredToolAccess {
  readonly allowed?: readonly string[];
  readonly denied?: readonly string[];
}

export function fromStoredToolAccess({ allowed, denied = [] }: StoredToolAccess): ToolAccess {
  return { ...(allowed === undefined ? {} : { allowed: new Set(allowed) }), denied: new Set(denied) };
}

/** Sorted: the order in which somebody wrote the names is no difference. */
export function toStoredToolAccess({ allowed, denied }: ToolAccess): StoredToolAccess {
  return {
    ...(allowed === undefined ? {} : { allowed: [...allowed].sort() }),
    ...(denied.size === 0 ? {} : { denied: [...denied].sort() }),
  };
}
