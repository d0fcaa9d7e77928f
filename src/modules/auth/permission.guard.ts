import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { requestContext } from '../../shared/context/request-context.js';
import { forbidden } from './auth.errors.js';
import { routeAccess } from './route-access.js';

/** Refuses callers who lack the permission that the route requires. Runs after `AuthGuard`. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { permission } = routeAccess(this.reflector, context);
    if (permission === undefined) return true;
    if (!requestContext.current()?.principal?.permissions.has(permission)) throw forbidden();
    return true;
  }
}
