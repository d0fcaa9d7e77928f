import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

const YEAR_SECONDS = 31_536_000;

/** For data: nothing may be loaded, framed or run from it. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** For the page at / and the explorer at /docs: their own files, and calls to ourselves. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Without what only browsers of long ago knew: every header is kept for as long as its stream is open. */
const helmetHeaders = helmet({
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

/** On every answer, errors included. */
export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  const isPage =
    request.path === '/' || request.path.startsWith('/page/') || request.path.startsWith('/docs');
  response.setHeader('Content-Security-Policy', isPage ? PAGE_POLICY : API_POLICY);
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
  // A browser ignores it without TLS, and a proxy that ends TLS tells us by X-Forwarded-Proto (trusted hops only).
  if (request.secure)
    response.setHeader('Strict-Transport-Security', `max-age=${YEAR_SECONDS}; includeSubDomains`);
  if (!isPage) response.setHeader('Cache-Control', 'no-store');
  helmetHeaders(request, response, next);
}

/** The same for answers that are written to a raw socket, before there is a request. */
export const RAW_SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': API_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};
