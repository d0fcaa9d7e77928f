import type { Message, UserMessage } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../../providers/index.js';
import { inStoredOrder } from './stored-order.js';

/**
 * The last touch to a valid list of messages: each as the model is to see it (`present`), user messages that follow each other become one (turns that were aborted
 * leave such behind, and not every server takes them), every call has an id of its own in the whole request (some servers
 * count from 1 in each answer), and images become a note for a model that cannot see.
 */
export function toSendableMessages(
  messages: readonly Message[],
  model: ModelInfo,
  present: (message: Message) => Message = (message) => message,
): Message[] {
  const sendable: Message[] = [];
  const taken = new Set<string>();
  let renamed = new Map<string, string>();
  for (const original of messages) {
    const message = present(inStoredOrder(original));
    const last = sendable.at(-1);
    if (message.role === 'user') {
      const parts = model.capabilities.images ? message.parts : withoutImages(message);
      if (last?.role === 'user') sendable[sendable.length - 1] = merged(last, message, parts);
      else sendable.push(parts === message.parts ? message : { role: 'user', parts });
    } else if (message.role === 'assistant') {
      renamed = renamedCalls(message, taken);
      sendable.push(withNewIds(message, renamed));
    } else {
      sendable.push(withNewIds(message, renamed));
    }
  }
  return sendable;
}

const mergers = new WeakMap<UserMessage, { readonly first: UserMessage; readonly both: UserMessage }>();

/** The same object each time, so that it is counted once. */
function merged(first: UserMessage, second: UserMessage, parts: UserMessage['parts']): UserMessage {
  const known = mergers.get(second);
  if (known?.first === first) return known.both;
  const both: UserMessage = { role: 'user', parts: [...first.parts, ...parts] };
  mergers.set(second, { first, both });
  return both;
}

function withoutImages({ parts }: UserMessage): UserMessage['parts'] {
  return parts.some(({ type }) => type === 'image')
    ? parts.map((part) =>
        part.type === 'image' ? { type: 'text', text: '[an image, which this model cannot see]' } : part,
      )
    : parts;
}

function renamedCalls(message: Message, taken: Set<string>): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const part of message.parts) {
    if (part.type !== 'tool-call') continue;
    let id = part.toolCallId;
    for (let count = 2; taken.has(id); count += 1) id = `${part.toolCallId}_${count}`;
    taken.add(id);
    if (id !== part.toolCallId) renamed.set(part.toolCallId, id);
  }
  return renamed;
}

function withNewIds<M extends Message>(message: M, renamed: ReadonlyMap<string, string>): M {
  if (renamed.size === 0) return message;
  return {
    ...message,
    parts: message.parts.map((part) =>
      part.type === 'tool-call' || part.type === 'tool-result'
        ? { ...part, toolCallId: renamed.get(part.toolCallId) ?? part.toolCallId }
        : part,
    ),
  };
}
