import { RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config/app-config.js';
import { Draining, HttpMetrics, NestLogger } from './modules/observability/index.js';
import { serveOpenApi } from './openapi.js';
import { unmatchedRoute } from './shared/errors/no-such-route.js';
import { configureHttp } from './shared/http/configure-http.js';
import { HardenedExpressAdapter } from './shared/http/hardened-express.adapter.js';

const PREFIX = 'api/v1';
/** What probes, scrapers and people find at the root. */
const WITHOUT_PREFIX = ['/', 'page/*path', 'health/*path', 'metrics'].map((path) => ({
  path,
  method: RequestMethod.GET,
}));

export interface CreateAppOptions {
  /** Only the shape of the application: no provider is made, nothing connects. For the OpenAPI document. */
  readonly preview?: boolean;
}

/** The application, ready to listen. It does not listen yet, and it does not start the embedded database. */
export async function createApp(
  config: AppConfig,
  options: CreateAppOptions = {},
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config),
    new HardenedExpressAdapter(config.http),
    {
      bodyParser: false,
      bufferLogs: true,
      abortOnError: false,
      preview: options.preview ?? false,
      ...(options.preview ? { logger: false } : {}),
    },
  );
  if (!options.preview) {
    app.useLogger(app.get(NestLogger));
    app.flushLogs();
  }
  app.setGlobalPrefix(PREFIX, { exclude: WITHOUT_PREFIX });
  configureHttp(
    app,
    config.http,
    options.preview
      ? {}
      : {
          watch: app.get(HttpMetrics).watch,
          isDraining: () => app.get(Draining).isDraining,
          isWorker: config.process.role === 'worker',
        },
  );
  if (options.preview) return app;
  if (config.http.docsEnabled) serveOpenApi(app, config.process.version);
  await app.init();
  app.use(unmatchedRoute);
  return app;
}
