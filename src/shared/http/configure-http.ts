import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HttpConfig } from '../../config/app-config.js';
import { jsonBody } from './json-body.js';
import { requestContextMiddleware } from './request-context.middleware.js';
import { securityHeaders } from './security-headers.js';
import { trustedHosts } from './trusted-hosts.middleware.js';

const PREFLIGHT_SECONDS = 600;

const ALLOWED_HEADERS = [
  ...['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'X-Request-Id', 'X-Session-Id'],
  ...['OpenAI-Organization', 'OpenAI-Project', 'X-Stainless-Arch', 'X-Stainless-Lang', 'X-Stainless-OS'],
  ...['X-Stainless-Package-Version', 'X-Stainless-Retry-Count', 'X-Stainless-Runtime'],
  ...['X-Stainless-Runtime-Version', 'X-Stainless-Timeout'],
];
const EXPOSED_HEADERS = [
  ...[
    'X-Request-Id',
    'X-Process-Time',
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'Idempotent-Replayed',
  ],
  ...['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
];

/** Everything that a request passes before the first guard, in this order. The application is created without a body parser. */
export function configureHttp(app: NestExpressApplication, config: HttpConfig): void {
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', config.trustedProxyHops);
  app.use(requestContextMiddleware);
  app.use(securityHeaders);
  app.use(trustedHosts(config.allowedHosts));
  app.enableCors(corsOptions(config.corsOrigins));
  app.use(jsonBody(config.bodyLimitBytes));
}

function corsOptions(origins: readonly string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
    credentials: false,
  };
}
