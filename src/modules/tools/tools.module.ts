import { Module } from '@nestjs/common';
import { BuiltinTools } from './builtin-tools.js';
import { McpCalls } from './mcp/mcp-calls.js';
import { McpCatalogue } from './mcp/mcp-catalogue.js';
import { McpToolSource } from './mcp/mcp-tool-source.js';
import { McpModule } from './mcp/mcp.module.js';
import { ToolExecutor } from './tool-executor.js';
import { TOOL_SOURCES, ToolRegistry } from './tool-registry.js';

@Module({
  imports: [McpModule],
  providers: [
    BuiltinTools,
    {
      provide: McpToolSource,
      inject: [McpCatalogue, McpCalls, BuiltinTools],
      useFactory: (catalogue: McpCatalogue, calls: McpCalls, builtin: BuiltinTools) =>
        new McpToolSource(catalogue, (call) => calls.call(call), [builtin]),
    },
    {
      provide: TOOL_SOURCES,
      inject: [BuiltinTools, McpToolSource],
      useFactory: (...sources: unknown[]) => sources,
    },
    ToolRegistry,
    ToolExecutor,
  ],
  exports: [ToolRegistry, ToolExecutor],
})
export class ToolsModule {}
