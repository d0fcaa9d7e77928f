import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import { countTokens, estimateMessage, estimateTools, type ModelInfo } from '../../providers/index.js';

/** For models whose window nobody knows: the source document's `max_tokens` of its context manager. */
export const DEFAULT_CONTEXT_WINDOW = 100_000;

/** Estimates are within 10 % of what vendors count (docs/guides/tokens.md), and text may be stranger than usual. */
const MARGIN = 1.15;
const FRAME = 4;
/** What stands around a result that strangers wrote. */
const UNTRUSTED_MARKS = 60;

/** Our estimate with a margin. */
export function messageTokens(message: Message, model: ModelInfo): number {
  const marks = message.role === 'tool' ? message.parts.filter(({ taint }) => taint).length : 0;
  return Math.ceil(estimateMessage(message, model) * MARGIN) + FRAME + marks * UNTRUSTED_MARKS;
}

export function sumTokens(messages: readonly Message[], model: ModelInfo): number {
  return messages.reduce((sum, message) => sum + messageTokens(message, model), 0);
}

/** What is left of a model's window for the messages: without its answer, the system prompt and the tools. */
export function messageBudget({
  model,
  system,
  tools,
  maxOutputTokens,
}: {
  readonly model: ModelInfo;
  readonly system: string;
  readonly tools: readonly ToolDefinition[];
  readonly maxOutputTokens: number;
}): number {
  const fixed = (countTokens(system, model) + estimateTools(tools, model)) * MARGIN;
  return Math.floor((model.contextWindow ?? DEFAULT_CONTEXT_WINDOW) - maxOutputTokens - fixed);
}
