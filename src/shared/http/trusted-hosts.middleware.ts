import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../errors/app-error.js';

/** Refuses requests for host names that are not ours (ALLOWED_HOSTS). Probes come by address and are let through. */
export function trustedHosts(allowed: readonly string[]) {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return (request: Request, _response: Response, next: NextFunction): void => {
    const name = hostName(request.headers.host);
    if (names.size === 0 || request.path.startsWith('/health/') || (name !== undefined && names.has(name)))
      next();
    else
      next(
        new AppError('malformed', 'host_not_allowed', {
          detail: 'This server does not answer to that host name.',
        }),
      );
  };
}

/** The name without its port; `undefined` for what is no host at all (`localhost:4000/#@x`). */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase();
}
