import type { ToolsConfig } from '../../../src/config/app-config.js';
import type { JsonValue } from '../../../src/shared/llm/json.js';
import { runCodeTool } from '../../../src/modules/tools/builtin/run-code/run-code.tool.js';
import { ComputeSandbox } from '../../../src/modules/tools/sandbox/compute-sandbox.js';
import { type ToolContext, ToolError } from '../../../src/modules/tools/tool.js';
import { KeptLog } from '../a-logger.js';
import { aToolContext } from '../a-tool-context.js';

export interface RunCodeParts {
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  readonly computeConcurrency?: number;
}

/** `run_code` with its sandbox, outside of an application. Whoever makes one calls `sandbox.onApplicationShutdown()`. */
export function aRunCodeTool({
  timeoutMs = 2_000,
  memoryMb = 64,
  computeConcurrency = 2,
}: RunCodeParts = {}) {
  const config = { computeConcurrency, code: { timeoutMs, memoryMb } } as ToolsConfig;
  const log = new KeptLog();
  const sandbox = new ComputeSandbox(config, log.logger);
  const tool = runCodeTool(sandbox, config);
  return {
    tool,
    sandbox,
    log,
    /** What the tool answers; what it throws for the model as `{ error, message }`. */
    async run(code: string, data?: JsonValue, context: Partial<ToolContext> = {}) {
      try {
        return (await tool.execute(
          { code, ...(data === undefined ? {} : { data }) },
          aToolContext(context),
        )) as {
          result: JsonValue;
          logs?: string;
          truncated?: boolean;
        };
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        return { error: error.code, message: error.message };
      }
    },
  };
}
