import type { JsonValue } from '../../shared/llm/json.js';
import type { ToolCall, ToolResult } from '../../shared/llm/tool-call.js';
import type { ToolOutcome } from './tool-outcome.js';

/** What the model is told: the result, or an error that it can act on. */
export function toToolResult(call: ToolCall, outcome: ToolOutcome): ToolResult {
  const { toolCallId, toolName } = call;
  const { durationMs } = outcome;
  if (outcome.status === 'ok')
    return { toolCallId, toolName, result: outcome.result, isError: false, durationMs };
  const { code, message, errors } = outcome;
  const details: JsonValue[] = (errors ?? []).map(({ pointer, detail }) => ({ pointer, detail }));
  const error = { code, message, ...(details.length > 0 ? { errors: details } : {}) };
  return { toolCallId, toolName, result: { error }, isError: true, durationMs };
}
