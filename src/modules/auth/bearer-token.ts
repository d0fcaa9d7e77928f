import type { Request, Response } from 'express';
import { AppError } from '../../shared/errors/app-error.js';

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,4096}) *$/i;

/** The token of the Authorization header: the only place where one is looked for, never the URL or the body. */
export function bearerToken(request: Request): string | undefined {
  return BEARER.exec(request.headers.authorization ?? '')?.[1];
}

/** Every 401 carries a challenge (RFC 6750); it names an error only where credentials were shown. */
export function challenge(error: unknown, request: Request, response: Response): void {
  if (!(error instanceof AppError) || error.kind !== 'unauthenticated' || response.headersSent) return;
  const hasCredentials = request.headers.authorization !== undefined;
  response.setHeader(
    'WWW-Authenticate',
    `Bearer realm="perch"${hasCredentials ? ', error="invalid_token"' : ''}`,
  );
}
