import { estimateTokenCount } from 'tokenx';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import type { ModelInfo } from '../../providers/index.js';

/** For models whose window nobody knows: the source document's `max_tokens` of its context manager. */
export const DEFAULT_CONTEXT_WINDOW = 100_000;

/** The count is an estimate, and vendors count framing that we do not see. */
const SAFETY_FACTOR = 1.15;
const FRAME = 4;
/** What vendors charge for an image of about one megapixel. */
const IMAGE = 1_500;
/** What stands around a result that strangers wrote. */
const UNTRUSTED_MARKS = 60;

const counted = new WeakMap<Message, number>();

/** Our estimate with a margin; counted once per message, however often a run looks at it. */
export function messageTokens(message: Message): number {
  let tokens = counted.get(message);
  if (tokens === undefined) counted.set(message, (tokens = estimateMessageTokens(message)));
  return tokens;
}

export function sumTokens(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + messageTokens(message), 0);
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
  const fixed = estimateTextTokens(system) + estimateTextTokens(JSON.stringify(tools));
  return (model.contextWindow ?? DEFAULT_CONTEXT_WINDOW) - maxOutputTokens - fixed;
}

function estimateMessageTokens(message: Message): number {
  let text = '';
  let images = 0;
  let marks = 0;
  for (const part of message.parts) {
    if (part.type === 'image') images += 1;
    else if (part.type === 'text' || part.type === 'reasoning') text += part.text;
    else if (part.type === 'tool-call')
      text += part.toolName + (part.invalidInput ?? JSON.stringify(part.input));
    else {
      text += JSON.stringify(part.result);
      if (part.taint) marks += 1;
    }
  }
  return estimateTextTokens(text) + FRAME + marks * UNTRUSTED_MARKS + images * IMAGE;
}

function estimateTextTokens(text: string): number {
  return Math.ceil(estimateTokenCount(text) * SAFETY_FACTOR);
}
