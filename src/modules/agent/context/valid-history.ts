import type { AssistantPart, ToolCallPart, ToolResultPart } from '../../../shared/llm/content-part.js';
import type { AssistantMessage, Message } from '../../../shared/llm/message.js';
import { outcomeUnknown } from '../loop/execute-tool-calls.js';

/**
 * Turns what is stored into a history that every provider accepts, whatever happened to the runs that wrote it:
 * it begins with a user message, every tool call is followed by exactly one result, results without a call are left
 * out, and no message is empty.
 */
export function toValidHistory(stored: readonly Message[]): Message[] {
  const history: Message[] = [];
  for (let index = 0; index < stored.length; index += 1) {
    const message = stored[index]!;
    if (message.role === 'user') {
      if (message.parts.length > 0) history.push(message);
    } else if (message.role === 'assistant' && history.length > 0) {
      const assistant = withoutLooseParts(message);
      if (assistant.parts.length === 0) continue;
      history.push(assistant);
      const calls = assistant.parts.filter((part) => part.type === 'tool-call');
      if (calls.length > 0) history.push({ role: 'tool', parts: resultsFor(calls, stored[index + 1]) });
    }
    // Tool messages are taken together with the calls they answer; one that stands alone is left out.
  }
  return history;
}

/** Empty texts, and reasoning that its provider cannot recognise, may not be sent back. Of calls with one id the first counts. */
function withoutLooseParts(message: AssistantMessage): AssistantMessage {
  const seen = new Set<string>();
  const isSendable = (part: AssistantPart): boolean => {
    if (part.type === 'text') return part.text !== '';
    if (part.type === 'reasoning') return part.provider !== undefined;
    if (seen.has(part.toolCallId)) return false;
    seen.add(part.toolCallId);
    return true;
  };
  const parts = message.parts.filter(isSendable);
  // Reasoning alone says nothing to the next turn, and vendors refuse a message without anything else.
  return { role: 'assistant', parts: parts.some((part) => part.type !== 'reasoning') ? parts : [] };
}

function resultsFor(calls: readonly ToolCallPart[], next: Message | undefined): ToolResultPart[] {
  const given = new Map<string, ToolResultPart>();
  if (next?.role === 'tool')
    for (const part of next.parts) if (!given.has(part.toolCallId)) given.set(part.toolCallId, part);
  return calls.map((call) => given.get(call.toolCallId) ?? { type: 'tool-result', ...outcomeUnknown(call) });
}
