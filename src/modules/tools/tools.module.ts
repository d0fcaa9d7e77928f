import { Module } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';
import { AuditModule } from '../observability/index.js';
import { RateLimitModule } from '../rate-limit/index.js';
import { DatabaseQueryModule } from './builtin/database-query/database-query.module.js';
import { DatabaseTools } from './builtin/database-query/database-tools.js';
import { BuiltinTools } from './builtin-tools.js';
import { McpCalls } from './mcp/mcp-calls.js';
import { McpCatalogue } from './mcp/mcp-catalogue.js';
import { McpToolSource } from './mcp/mcp-tool-source.js';
import { McpModule } from './mcp/mcp.module.js';
import { ComputeSandbox } from './sandbox/compute-sandbox.js';
import { ContributedTools } from './contributed-tools.js';
import { ExecutionSlots } from './execution-slots.js';
import { OpenApiTools } from './openapi/openapi-tools.js';
import { OutboundClient } from './outbound/outbound-client.js';
import { OutboundModule } from './outbound/outbound.module.js';
import type { ToolSource } from './tool.js';
import { ToolBreakers } from './tool-breakers.js';
import { ToolExecutor } from './tool-executor.js';
import { ToolGate } from './tool-gate.js';
import { TaintPolicy } from './taint-policy.js';
import { TOOL_METRIC_PROVIDERS, ToolMetrics } from './tool-metrics.js';
import { ToolPolicy } from './tool-policy.js';
import { TOOL_SOURCES, ToolRegistry } from './tool-registry.js';

@Module({
  imports: [AuditModule, DatabaseQueryModule, McpModule, OutboundModule, RateLimitModule],
  providers: [
    ...TOOL_METRIC_PROVIDERS,
    BuiltinTools,
    ContributedTools,
    ComputeSandbox,
    {
      provide: OpenApiTools,
      inject: [ToolsConfig, OutboundClient],
      useFactory: (config: ToolsConfig, client: OutboundClient) => OpenApiTools.load(config, client),
    },
    {
      provide: McpToolSource,
      inject: [McpCatalogue, McpCalls, BuiltinTools, ContributedTools, DatabaseTools, OpenApiTools],
      useFactory: (catalogue: McpCatalogue, calls: McpCalls, ...ours: ToolSource[]) =>
        new McpToolSource(catalogue, (call) => calls.call(call), ours),
    },
    {
      provide: TOOL_SOURCES,
      inject: [BuiltinTools, ContributedTools, DatabaseTools, OpenApiTools, McpToolSource],
      useFactory: (...sources: unknown[]) => sources,
    },
    ExecutionSlots,
    TaintPolicy,
    ToolBreakers,
    ToolExecutor,
    ToolGate,
    ToolMetrics,
    ToolPolicy,
    ToolRegistry,
  ],
  exports: [ContributedTools, OutboundModule, ToolExecutor, ToolGate, ToolMetrics, ToolPolicy, ToolRegistry],
})
export class ToolsModule {}
