import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../errors/app-error.js';

/**
 * Refuses requests for host names that are not ours (ALLOWED_HOSTS). Probes and scrapers come by address and are let through. A request
 * of HTTP/1.1 that names no host is no request, whatever is allowed.
 */
export function trustedHosts(allowed: readonly string[]) {
  const names = new Set(allowed.map((name) => withoutBrackets(name.toLowerCase())));
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      next(new AppError('malformed', 'malformed_request', { detail: 'The request names no host.' }));
      return;
    }
    if (names.size === 0 || isAllowed(request)) {
      next();
      return;
    }
    next(
      new AppError('malformed', 'host_not_allowed', {
        detail: 'This server does not answer to that host name.',
      }),
    );
  };

  function isAllowed(request: Request): boolean {
    if (request.path.startsWith('/health/') || request.path === '/metrics') return true;
    const name = hostName(request.headers.host);
    return name !== undefined && names.has(name);
  }
}

/** The name without its port; `undefined` for what is no host at all (`localhost:4000/#@x`). */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1] === undefined ? undefined : withoutBrackets(match[1].toLowerCase());
}

/** `[::1]` and `::1` are the same host, in a header and in a setting. */
function withoutBrackets(name: string): string {
  return name.startsWith('[') ? name.slice(1, -1) : name;
}
