import { estimateTokenCount } from 'tokenx';
import type { Message } from '../../../shared/llm/message.js';

/** For models whose window nobody knows: the source document's `max_tokens` of its context manager. */
export const DEFAULT_CONTEXT_WINDOW = 100_000;
/** The count is an estimate, and vendors count framing that we do not see. */
const SAFETY_FACTOR = 1.15;

/**
 * The newest whole turns that fit into `budgetTokens`, oldest first. A turn is a user message with all that followed it,
 * so a tool call is never parted from its result. A turn that does not fit ends the window, even when it is the newest.
 */
export function fitToWindow(history: readonly Message[], budgetTokens: number): Message[] {
  const turns: Message[][] = [];
  for (const message of history) {
    if (message.role === 'user' || turns.length === 0) turns.push([message]);
    else turns.at(-1)!.push(message);
  }
  const kept: Message[][] = [];
  let used = 0;
  for (const turn of turns.reverse()) {
    used += turn.reduce((sum, message) => sum + estimateMessageTokens(message), 0);
    if (used > budgetTokens) break;
    kept.unshift(turn);
  }
  return kept.flat();
}

/** Our own count, a little above what vendors count for usual text. */
export function estimateMessageTokens(message: Message): number {
  let text = '';
  for (const part of message.parts) {
    if (part.type === 'text' || part.type === 'reasoning') text += part.text;
    else if (part.type === 'tool-call')
      text += part.toolName + (part.invalidInput ?? JSON.stringify(part.input));
    else if (part.type === 'tool-result') text += JSON.stringify(part.result);
  }
  return Math.ceil(estimateTokenCount(text) * SAFETY_FACTOR) + 4;
}

/** The same measure for text that is in every request: the system prompt and the tools' schemas. */
export function estimateTextTokens(text: string): number {
  return Math.ceil(estimateTokenCount(text) * SAFETY_FACTOR);
}
