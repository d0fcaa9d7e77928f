export { type Tool, type ToolContext, ToolError } from './tool.js';
export { ToolExecutor } from './tool-executor.js';
export type { ToolOutcome } from './tool-outcome.js';
export { mayUse } from './tool-policy.js';
export { ToolRegistry } from './tool-registry.js';
export { ToolsModule } from './tools.module.js';
export { toToolProblem } from './to-tool-problem.js';
export { toToolResult } from './to-tool-result.js';
