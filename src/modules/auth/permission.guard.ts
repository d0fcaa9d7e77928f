import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { requestContext } from '../../shared/context/request-context.js';
import { apiKeyRefused, forbidden } from './auth.errors.js';
import { refusesApiKeys, routeAccess } from './route-access.js';

/**
 * Refuses callers who lack the permission that the route requires, and API keys where the route takes none. Runs after
 * `AuthGuard`; how the credential came is no matter here.
 */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { permission, isPublic } = routeAccess(this.reflector, context);
    const caller = requestContext.current();
    if (permission !== undefined && !caller?.principal?.permissions.has(permission)) throw forbidden();
    if (!isPublic && caller?.credential?.kind === 'api-key' && refusesApiKeys(this.reflector, context))
      throw apiKeyRefused();
    return true;
  }
}
