import type { JsonObject, JsonValue } from '../../../shared/llm/json.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';

/** A call whose arguments have arrived as text. No text at all means no arguments. */
export function toToolCall(toolCallId: string, toolName: string, argumentsText: string): ToolCall {
  if (argumentsText.trim() === '') return { toolCallId, toolName, input: {} };
  try {
    return { toolCallId, toolName, input: JSON.parse(argumentsText) as JsonValue };
  } catch {
    return { toolCallId, toolName, input: null, invalidInput: argumentsText };
  }
}

/**
 * The arguments of an old call as a vendor accepts them back: an object. What the model wrote wrongly is left out; the
 * result that follows tells it so.
 */
export function toReplayedInput(call: ToolCall): JsonObject {
  const { input } = call;
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {};
}
