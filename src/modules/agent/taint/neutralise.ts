import type { JsonValue } from '../../../shared/llm/json.js';

/*
 * Servers that render a chat template into one text read these back as the borders of messages, whoever wrote them. A
 * space inside keeps them readable and makes them mere text.
 */
const TEMPLATE_TOKENS =
  /<\|(?=[a-z_])|\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])|<(?=<\/?SYS>>)|<(?=\/?(?:s|start_of_turn|end_of_turn|bos|eos|tool_call|tool_response|function_calls|function_results)>)|<(?=｜)/gi;
const MARKS = /(begin|end)_untrusted/gi;
/** Old completion formats, at the beginning of a line. */
const SPEAKERS = /^(\s*)(Human|Assistant|System):/gim;

/** The same text without tokens of chat templates. */
export function neutralised(text: string): string {
  return replaced(text);
}

/** Every text in a result of a tool, member names included; it cannot forge the marks around results either. */
export function neutralisedJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return replaced(value).replace(MARKS, '$1 untrusted');
  if (Array.isArray(value)) return value.map(neutralisedJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [neutralisedJson(key) as string, neutralisedJson(member)]),
    );
  }
  return value;
}

function replaced(text: string): string {
  return text.replace(TEMPLATE_TOKENS, '$& ').replace(SPEAKERS, '$1$2 :');
}
