import type { JsonValue } from '../../shared/llm/json.js';
import type { ToolCall, ToolResult } from '../../shared/llm/tool-call.js';
import type { ToolOutcome } from './tool-outcome.js';

/** What the tool itself has said; everything else is in our own words. */
const TOOLS_OWN_WORDS: ReadonlySet<string> = new Set(['tool_error', 'unavailable']);

/**
 * What the model is told: the result, or an error that it can act on. `marks` say what the tool's words are to be taken
 * for.
 */
export function toToolResult(
  call: ToolCall,
  outcome: ToolOutcome,
  marks: Pick<ToolResult, 'taint' | 'isPrivate'> = {},
): ToolResult {
  const { toolCallId, toolName } = call;
  const { durationMs } = outcome;
  if (outcome.status === 'ok')
    return { toolCallId, toolName, result: outcome.result, isError: false, durationMs, ...marks };
  const { code, message, errors, kind } = outcome;
  const details: JsonValue[] = (errors ?? []).map(({ pointer, detail }) => ({ pointer, detail }));
  const error = { code, message, ...(details.length > 0 ? { errors: details } : {}) };
  const own = TOOLS_OWN_WORDS.has(kind) ? marks : {};
  return { toolCallId, toolName, result: { error }, isError: true, durationMs, ...own };
}
