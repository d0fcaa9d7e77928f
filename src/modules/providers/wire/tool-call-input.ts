import type { JsonObject, JsonValue } from '../../../shared/llm/json.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';

/** No tool takes anything deeper, and what is stored and compared is walked by recursion. */
const MAX_DEPTH = 100;

/** A call whose arguments have arrived as text. No text at all means no arguments; what is too deep counts as no JSON. */
export function toToolCall(toolCallId: string, toolName: string, argumentsText: string): ToolCall {
  if (argumentsText.trim() === '') return { toolCallId, toolName, input: {} };
  try {
    const input = JSON.parse(argumentsText) as JsonValue;
    if (isWithin(input, MAX_DEPTH)) return { toolCallId, toolName, input };
  } catch {
    // Answered below.
  }
  return { toolCallId, toolName, input: null, invalidInput: argumentsText };
}

/** Without recursion: the value may be deeper than the stack. */
function isWithin(value: JsonValue, depth: number): boolean {
  let level: JsonValue[] = [value];
  for (let left = depth; level.length > 0; left -= 1) {
    if (left < 0) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}

/**
 * The arguments of an old call as a vendor accepts them back: an object. What the model wrote wrongly is left out; the
 * result that follows tells it so.
 */
export function toReplayedInput(call: ToolCall): JsonObject {
  const { input } = call;
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {};
}
