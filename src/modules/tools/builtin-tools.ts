import type { Clock } from '../../shared/context/clock.js';
import { calculatorTool } from './builtin/calculator/calculator.tool.js';
import { currentTimeTool } from './builtin/current-time/current-time.tool.js';
import type { Tool } from './tool.js';

/** The tools that come with Perch, a line each. */
export function builtinTools(clock: Clock): Tool[] {
  return [calculatorTool, currentTimeTool(clock)];
}
