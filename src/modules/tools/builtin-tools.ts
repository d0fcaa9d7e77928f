import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { calculatorTool } from './builtin/calculator/calculator.tool.js';
import { currentTimeTool } from './builtin/current-time/current-time.tool.js';
import type { Tool, ToolSource } from './tool.js';

/** The tools that come with Perch, a line each. */
@Injectable()
export class BuiltinTools implements ToolSource {
  private readonly all: readonly Tool[];

  constructor(@Inject(CLOCK) clock: Clock) {
    this.all = [calculatorTool, currentTimeTool(clock)];
  }

  tools(): readonly Tool[] {
    return this.all;
  }
}
