import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import type { AccessClaims } from './access-token.js';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { challenge } from './bearer-token.js';
import { PrincipalService } from './principal.service.js';
import { routeAccess } from './route-access.js';

/** A request that has passed the guard on a route that is not public. */
export interface AuthenticatedRequest extends Request {
  user: Principal;
  accessClaims: AccessClaims;
}

/**
 * Every route is private unless it is marked `@Public()`. The decision is made on the route that was matched, never on
 * the URL's text. Lets a request through with a principal or throws a 401; on public routes no token is looked at.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokenVerifier,
    private readonly principals: PrincipalService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (routeAccess(this.reflector, context).isPublic) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    try {
      const claims = await this.tokens.verify(request, response);
      const principal = await this.principals.principalOf(claims);
      requestContext.current()!.principal = principal;
      request.user = principal;
      request.accessClaims = claims;
      return true;
    } catch (error) {
      challenge(error, request, response);
      throw error;
    }
  }
}
