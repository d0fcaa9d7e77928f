import type { JsonValue } from '../../../shared/llm/json.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import { containsCanary } from './output/leaks/canary.js';
import type { SymbolAutomaton } from './output/leaks/symbol-automaton.js';

/** Stands where a canary was; a call that has it is never executed. */
const REMOVED = '[canary removed]';

/** The call as it may be shown and kept: without the canary in its name and arguments. */
export function screenCall(automaton: SymbolAutomaton, call: ToolCall): ToolCall {
  const { toolName, input, invalidInput } = call;
  const isIn = (text: string): boolean => containsCanary(automaton, text);
  if (!isIn(`${toolName}\n${invalidInput ?? JSON.stringify(input)}`)) return call;
  const cleaned = withoutCanary(input, isIn);
  return {
    ...call,
    toolName: isIn(toolName) ? 'canary_removed' : toolName,
    // Where it is spread over several values, none of them can be told from the others.
    input: isIn(JSON.stringify(cleaned)) || !hasRemoved(cleaned) ? { removed: REMOVED } : cleaned,
    ...(invalidInput === undefined ? {} : { invalidInput: REMOVED }),
  };
}

/** Whether a call, as it was kept, once had the canary in its arguments. */
export function hadCanary({ input }: ToolCall): boolean {
  return hasRemoved(input);
}

function hasRemoved(input: JsonValue): boolean {
  return JSON.stringify(input).includes(REMOVED);
}

function withoutCanary(value: JsonValue, isIn: (text: string) => boolean): JsonValue {
  if (typeof value === 'string') return isIn(value) ? REMOVED : value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => withoutCanary(item, isIn));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [isIn(key) ? REMOVED : key, withoutCanary(item, isIn)]),
  );
}
