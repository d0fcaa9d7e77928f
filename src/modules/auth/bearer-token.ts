import type { Request, Response } from 'express';
import { AppError } from '../../shared/errors/app-error.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,4096}) *$/i;
export const API_KEY_HEADER = 'x-api-key';

/** The token of the Authorization header: the only place where one is looked for, never the URL or the body. */
export function bearerToken(request: Request): string | undefined {
  return BEARER.exec(request.headers.authorization ?? '')?.[1];
}

/** The key of `x-api-key`. Whoever sends an Authorization header is judged by that alone: there is no second try. */
export function apiKeyOf(request: Request): string | undefined {
  const { authorization, [API_KEY_HEADER]: key } = request.headers;
  return authorization === undefined && typeof key === 'string' ? key : undefined;
}

/** Every 401 carries a challenge (RFC 6750); it names an error only where credentials were shown. */
export function challenge(error: unknown, request: Request, response: Response): void {
  if (!(error instanceof AppError) || error.kind !== 'unauthenticated' || response.headersSent) return;
  const { authorization, [API_KEY_HEADER]: key } = request.headers;
  const hasCredentials = authorization !== undefined || key !== undefined;
  response.setHeader(
    'WWW-Authenticate',
    `Bearer realm="perch"${hasCredentials ? ', error="invalid_token"' : ''}`,
  );
}
