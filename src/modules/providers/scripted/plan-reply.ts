import type { JsonValue } from '../../../shared/llm/json.js';
import { textOf, type Message, type ToolMessage } from '../../../shared/llm/message.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { ModelRequest } from '../llm-provider.js';
import { expressionIn } from './expression-in.js';
import { timeZoneIn } from './time-zone-in.js';

export interface ScriptedReply {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

const CALCULATOR = 'calculator';
const CLOCK = 'current_time';

const GREETING = /^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|greetings)\b[^?]{0,40}$/i;
const ASKS_WHAT_WAS_SAID =
  /\bwhat (?:did|have) i (?:just )?(?:say|said|ask|asked|tell|told|write|written)\b|\b(?:repeat|recall) (?:what i said|my (?:last|previous) (?:message|question))/i;

const ABOUT =
  "I am Perch's scripted model: I answer from a few rules and do not understand language. I can do arithmetic " +
  '("What is 12.5% of 840?"), tell the time in a city ("What time is it in Tokyo?") and repeat what you said before. ' +
  'For real answers, set AI_PROVIDER (anthropic, openai, azure or openai-compatible), AI_API_KEY and AI_MODEL, and ' +
  'restart Perch.';

/** What the scripted model says to a history: tool calls, or a text. */
export function planReply(request: ModelRequest): ScriptedReply {
  const last = request.messages.at(-1);
  if (last?.role === 'tool') return say(describeResults(last, request.messages));
  const lastUser = request.messages.findLast((message) => message.role === 'user');
  const text = lastUser ? textOf(lastUser).trim() : '';
  const calls = callsFor(text, request);
  if (calls.length > 0) return { text: '', calls };
  if (ASKS_WHAT_WAS_SAID.test(text)) return say(repeatPrevious(request.messages));
  if (GREETING.test(text)) return say(`Hello! ${ABOUT}`);
  return say(ABOUT);
}

function say(text: string): ScriptedReply {
  return { text, calls: [] };
}

function callsFor(text: string, request: ModelRequest): ToolCall[] {
  const asked: (readonly [name: string, input: JsonValue])[] = [];
  const expression = expressionIn(text);
  if (expression !== undefined) asked.push([CALCULATOR, { expression }]);
  const timezone = timeZoneIn(text);
  if (timezone !== undefined) asked.push([CLOCK, { timezone }]);
  const offered = new Set(request.tools.map((tool) => tool.name));
  // Ids need to be unique within the history, for vendors that may read it later.
  const at = request.messages.length;
  return asked
    .filter(([name]) => offered.has(name))
    .map(([toolName, input], index) => ({ toolCallId: `call_${at}_${index + 1}`, toolName, input }));
}

function repeatPrevious(messages: readonly Message[]): string {
  const previous = messages.filter((message) => message.role === 'user').at(-2);
  const text = previous ? textOf(previous) : '';
  return text ? `You said: ${text}` : 'You have said nothing before in this conversation.';
}

function describeResults(results: ToolMessage, messages: readonly Message[]): string {
  const inputs = new Map<string, JsonValue>();
  for (const message of messages) {
    for (const part of message.parts) if (part.type === 'tool-call') inputs.set(part.toolCallId, part.input);
  }
  return results.parts.map((part) => describeResult(part, inputs.get(part.toolCallId))).join(' ');
}

function describeResult({ toolName, result, isError }: ToolResult, input: JsonValue | undefined): string {
  if (isError) {
    const message = memberOf(memberOf(result, 'error'), 'message');
    return `The ${toolName} tool failed: ${typeof message === 'string' ? message : JSON.stringify(result)}`;
  }
  if (toolName === CALCULATOR) {
    const expression = memberOf(input, 'expression');
    const value = plain(memberOf(result, 'value') ?? result);
    return typeof expression === 'string' ? `${expression} = ${value}.` : `The result is ${value}.`;
  }
  if (toolName === CLOCK) {
    const zone = memberOf(result, 'timezone') ?? memberOf(input, 'timezone') ?? 'UTC';
    const time = memberOf(result, 'iso') ?? result;
    return `In ${plain(zone)} it is ${plain(time)}.`;
  }
  return `The ${toolName} tool answered: ${plain(result)}`;
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function plain(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
