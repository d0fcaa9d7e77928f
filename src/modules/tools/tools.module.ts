import { Module } from '@nestjs/common';
import { CLOCK } from '../../shared/context/clock.js';
import { builtinTools } from './builtin-tools.js';
import { ToolExecutor } from './tool-executor.js';
import { ToolRegistry, TOOLS } from './tool-registry.js';

@Module({
  providers: [{ provide: TOOLS, inject: [CLOCK], useFactory: builtinTools }, ToolRegistry, ToolExecutor],
  exports: [ToolRegistry, ToolExecutor],
})
export class ToolsModule {}
