import { Module } from '@nestjs/common';
import { BuiltinTools } from './builtin-tools.js';
import { ToolExecutor } from './tool-executor.js';
import { TOOL_SOURCES, ToolRegistry } from './tool-registry.js';

@Module({
  providers: [
    BuiltinTools,
    { provide: TOOL_SOURCES, inject: [BuiltinTools], useFactory: (...sources: unknown[]) => sources },
    ToolRegistry,
    ToolExecutor,
  ],
  exports: [ToolRegistry, ToolExecutor],
})
export class ToolsModule {}
