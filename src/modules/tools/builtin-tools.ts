import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { ToolsConfig } from '../../config/app-config.js';
import { calculatorTool } from './builtin/calculator/calculator.tool.js';
import { currentTimeTool } from './builtin/current-time/current-time.tool.js';
import { runCodeTool } from './builtin/run-code/run-code.tool.js';
import { ComputeSandbox } from './sandbox/compute-sandbox.js';
import type { Tool, ToolSource } from './tool.js';

/** The tools that come with Perch, a line each. */
@Injectable()
export class BuiltinTools implements ToolSource {
  private readonly all: readonly Tool[];

  constructor(@Inject(CLOCK) clock: Clock, sandbox: ComputeSandbox, config: ToolsConfig) {
    this.all = [calculatorTool, currentTimeTool(clock), runCodeTool(sandbox, config)];
  }

  tools(): readonly Tool[] {
    return this.all;
  }
}
