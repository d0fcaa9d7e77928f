import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { LoggerModule } from 'nestjs-pino';
import { register } from 'prom-client';
import type { ProcessConfig } from '../../config/app-config.js';
import { AGENT_METRIC_PROVIDERS, AgentMetrics } from './agent-metrics.js';
import { DatabaseHealthRepository } from './database-health.repository.js';
import { Draining } from './draining.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { HTTP_METRIC_PROVIDERS, HttpMetrics, OpenStreams } from './http-metrics.js';
import { loggerOptions, NestLogger } from './logger-options.js';
import { MetadataController } from './metadata.controller.js';
import { MetricsController } from './metrics.controller.js';

/** Logs, metrics and health. Global: every module reports, and none is reported to by it. */
@Global()
@Module({})
export class ObservabilityModule {
  static forRoot(config: ProcessConfig): DynamicModule {
    // The registry is the process's; an application begins with an empty one (tests start several).
    register.clear();
    return {
      module: ObservabilityModule,
      imports: [
        LoggerModule.forRoot(loggerOptions(config)),
        PrometheusModule.register({ controller: MetricsController }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController, MetadataController],
      providers: [
        ...AGENT_METRIC_PROVIDERS,
        ...HTTP_METRIC_PROVIDERS,
        AgentMetrics,
        DatabaseHealthRepository,
        Draining,
        HealthService,
        HttpMetrics,
        NestLogger,
        OpenStreams,
      ],
      exports: [AgentMetrics, Draining, HttpMetrics, NestLogger, OpenStreams],
    };
  }
}
