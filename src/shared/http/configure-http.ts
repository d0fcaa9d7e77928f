import type { IncomingMessage } from 'node:http';
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { RequestHandler } from 'express';
import type { HttpConfig } from '../../config/app-config.js';
import { closeConnectionsWhile } from './close-connections.middleware.js';
import { jsonBody } from './json-body.js';
import { operationsOnly } from './operations-only.middleware.js';
import { requestContextMiddleware } from './request-context.middleware.js';
import { securityHeaders } from './security-headers.js';
import { trustedHosts } from './trusted-hosts.middleware.js';

const PREFLIGHT_SECONDS = 600;

const ALLOWED_HEADERS = [
  ...['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'X-Api-Key', 'X-Request-Id'],
  'X-Session-Id',
  ...['OpenAI-Organization', 'OpenAI-Project', 'X-Stainless-Arch', 'X-Stainless-Custom-Poll-Interval'],
  ...['X-Stainless-Helper', 'X-Stainless-Helper-Method', 'X-Stainless-Lang', 'X-Stainless-OS'],
  ...['X-Stainless-Package-Version', 'X-Stainless-Poll-Helper', 'X-Stainless-Retry-Count'],
  ...['X-Stainless-Runtime', 'X-Stainless-Runtime-Version', 'X-Stainless-Timeout'],
];
const EXPOSED_HEADERS = [
  ...['X-Request-Id', 'X-Process-Time', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
  ...['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'Idempotent-Replayed'],
];

export interface HttpParts {
  /** Sees every request from the start, the refused ones too, with its context and id. */
  readonly watch?: RequestHandler;
  /** While it says so, connections are closed after their answer: a proxy then asks another replica. */
  readonly isDraining?: () => boolean;
  /** True: only what operators ask for is served. */
  readonly isWorker?: boolean;
}

/** Everything that a request passes before the first guard, in this order. The application is created without a body parser. */
export function configureHttp(app: NestExpressApplication, config: HttpConfig, parts: HttpParts = {}): void {
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', config.trustedProxyHops);
  app.use(requestContextMiddleware);
  if (parts.watch) app.use(parts.watch);
  if (parts.isDraining) app.use(closeConnectionsWhile(parts.isDraining));
  app.use(securityHeaders);
  app.use(trustedHosts(config.allowedHosts));
  if (config.corsOrigins.length > 0) app.enableCors(corsFor(config.corsOrigins));
  if (parts.isWorker) app.use(operationsOnly);
  app.use(jsonBody(config.bodyLimitBytes));
}

/** Only browsers send an origin; whoever sends none needs no headers about it. (No `Vary`: our answers are not stored.) */
function corsFor(origins: readonly string[]) {
  const options: CorsOptions = {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
    credentials: false,
  };
  return (request: IncomingMessage, done: (error: Error | null, options: CorsOptions) => void): void =>
    done(null, request.headers.origin === undefined ? { origin: false } : options);
}
