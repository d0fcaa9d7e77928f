import { Module } from '@nestjs/common';
import { AuditModule } from '../observability/index.js';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RateLimitModule } from '../rate-limit/index.js';
import { DatabaseTools } from './builtin/database-query/database-tools.js';
import { ExampleDatabaseRepository } from './builtin/database-query/example-database.repository.js';
import { InstallationSecretEntity } from './builtin/database-query/installation-secret.entity.js';
import { SqlParser } from './builtin/database-query/sql-parser.js';
import { BuiltinTools } from './builtin-tools.js';
import { ExecutionSlots } from './execution-slots.js';
import { ToolBreakers } from './tool-breakers.js';
import { ToolExecutor } from './tool-executor.js';
import { ToolGate } from './tool-gate.js';
import { TOOL_METRIC_PROVIDERS, ToolMetrics } from './tool-metrics.js';
import { ToolPolicy } from './tool-policy.js';
import { TOOL_SOURCES, ToolRegistry } from './tool-registry.js';

@Module({
  imports: [TypeOrmModule.forFeature([InstallationSecretEntity]), AuditModule, RateLimitModule],
  providers: [
    ...TOOL_METRIC_PROVIDERS,
    BuiltinTools,
    {
      provide: TOOL_SOURCES,
      inject: [BuiltinTools, DatabaseTools],
      useFactory: (...sources: unknown[]) => sources,
    },
    DatabaseTools,
    ExampleDatabaseRepository,
    ExecutionSlots,
    SqlParser,
    ToolBreakers,
    ToolExecutor,
    ToolGate,
    ToolMetrics,
    ToolPolicy,
    ToolRegistry,
  ],
  exports: [ToolExecutor, ToolGate, ToolMetrics, ToolPolicy, ToolRegistry],
})
export class ToolsModule {}
