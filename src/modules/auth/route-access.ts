import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { IS_PUBLIC } from '../../shared/access/public.decorator.js';
import { REFUSES_API_KEYS } from '../../shared/access/refuses-api-keys.decorator.js';
import { REQUIRED_PERMISSION } from '../../shared/access/require-permission.decorator.js';
import type { Permission } from '../../shared/context/principal.js';

export interface RouteAccess {
  readonly isPublic: boolean;
  /** `undefined`: any caller with a valid token. */
  readonly permission?: Permission;
}

/**
 * What the matched route asks for: the handler's word before its class's, a permission before `@Public()` where both are
 * given in the same place. A route that says nothing is private.
 */
export function routeAccess(reflector: Reflector, context: ExecutionContext): RouteAccess {
  for (const target of [context.getHandler(), context.getClass()]) {
    const permission = reflector.get<Permission | undefined>(REQUIRED_PERMISSION, target);
    if (permission !== undefined) return { isPublic: false, permission };
    if (reflector.get<boolean | undefined>(IS_PUBLIC, target) === true) return { isPublic: true };
  }
  return { isPublic: false };
}

/** Either says so, the handler or its class. */
export function refusesApiKeys(reflector: Reflector, context: ExecutionContext): boolean {
  return [context.getHandler(), context.getClass()].some(
    (target) => reflector.get<boolean | undefined>(REFUSES_API_KEYS, target) === true,
  );
}
