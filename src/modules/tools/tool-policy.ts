import type { Principal } from '../../shared/context/principal.js';
import type { Tool } from './tool.js';

/** Whether this caller may use this tool at all. Decided by code after the model, at every call. */
export function mayUse(tool: Tool, principal: Principal): boolean {
  return principal.permissions.has(tool.permission);
}
