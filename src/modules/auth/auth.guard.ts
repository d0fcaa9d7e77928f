import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { requestContext } from '../../shared/context/request-context.js';
import { challenge } from './bearer-token.js';
import { CredentialVerifier } from './credential.verifier.js';
import { routeAccess } from './route-access.js';

/**
 * Every route is private unless it is marked `@Public()`. The decision is made on the route that was matched, never on
 * the URL's text. Lets a request through with a principal or throws a 401; on public routes no token is looked at.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly credentials: CredentialVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (routeAccess(this.reflector, context).isPublic) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    try {
      const { principal, credential } = await this.credentials.verify(request, response);
      const caller = requestContext.current()!;
      caller.principal = principal;
      caller.credential = credential;
      return true;
    } catch (error) {
      challenge(error, request, response);
      throw error;
    }
  }
}
