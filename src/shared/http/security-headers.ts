import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

const YEAR_SECONDS = 31_536_000;
const TRANSPORT_SECURITY = `max-age=${YEAR_SECONDS}; includeSubDomains`;

/** For data: nothing may be loaded, framed or run from it. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** For the page at / and the explorer at /docs: their own files, and calls to ourselves. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** The same on every answer, so they are worked out once. */
const COMMON: Readonly<Record<string, string>> = {
  ...helmetHeaders(),
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};
const API_HEADERS = Object.entries({
  ...COMMON,
  'Content-Security-Policy': API_POLICY,
  'Cache-Control': 'no-store',
});
const PAGE_HEADERS = Object.entries({ ...COMMON, 'Content-Security-Policy': PAGE_POLICY });

/** On every answer, errors included. */
export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  for (const [name, value] of isPage(request.path) ? PAGE_HEADERS : API_HEADERS)
    response.setHeader(name, value);
  // A browser ignores it without TLS, and a proxy that ends TLS tells us by X-Forwarded-Proto (trusted hops only).
  if (request.secure) response.setHeader('Strict-Transport-Security', TRANSPORT_SECURITY);
  next();
}

/** The same for answers that are written to a raw socket, before there is a request. */
export const RAW_SECURITY_HEADERS: Readonly<Record<string, string>> = Object.fromEntries(API_HEADERS);

function isPage(path: string): boolean {
  return path === '/' || path.startsWith('/page/') || path === '/docs' || path.startsWith('/docs/');
}

/** Without what only browsers of long ago knew: every header is kept for as long as its stream is open. */
function helmetHeaders(): Record<string, string> {
  const apply = helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: false,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    xDownloadOptions: false,
    xDnsPrefetchControl: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    originAgentCluster: false,
  });
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  apply(request, response, () => undefined);
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
}
