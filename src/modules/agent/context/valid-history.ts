import type {
  AssistantPart,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../../../shared/llm/content-part.js';
import type { AssistantMessage, Message } from '../../../shared/llm/message.js';
import { outcomeUnknown } from '../loop/execute-tool-calls.js';

/**
 * Turns what is stored into a history that every provider accepts, whatever happened to the runs that wrote it:
 * it begins with a user message, every tool call is followed by exactly one result, results without a call are left
 * out, and no message is empty or blank.
 */
export function toValidHistory(stored: readonly Message[]): Message[] {
  const history: Message[] = [];
  for (let index = 0; index < stored.length; index += 1) {
    const message = stored[index]!;
    if (message.role === 'user') {
      const parts = message.parts.filter(isSendable);
      if (parts.length > 0)
        history.push(parts.length === message.parts.length ? message : { role: 'user', parts });
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

/** Vendors refuse blank text like empty text, and a message in which there is nothing else. */
function isSendable(part: UserPart): boolean {
  return part.type !== 'text' || part.text.trim() !== '';
}

/** Blank texts, and reasoning that its provider cannot recognise, may not be sent back. Of calls with one id the first counts. */
function withoutLooseParts(message: AssistantMessage): AssistantMessage {
  const seen = new Set<string>();
  const parts = message.parts.filter((part: AssistantPart): boolean => {
    if (part.type === 'text') return part.text.trim() !== '';
    if (part.type === 'reasoning') return part.provider !== undefined;
    if (seen.has(part.toolCallId)) return false;
    seen.add(part.toolCallId);
    return true;
  });
  // Reasoning alone says nothing to the next turn, and vendors refuse a message without anything else.
  if (!parts.some((part) => part.type !== 'reasoning')) return { role: 'assistant', parts: [] };
  return parts.length === message.parts.length ? message : { role: 'assistant', parts };
}

function resultsFor(calls: readonly ToolCallPart[], next: Message | undefined): ToolResultPart[] {
  const given = new Map<string, ToolResultPart>();
  if (next?.role === 'tool')
    for (const part of next.parts) if (!given.has(part.toolCallId)) given.set(part.toolCallId, part);
  return calls.map((call) => given.get(call.toolCallId) ?? { type: 'tool-result', ...outcomeUnknown(call) });
}
