import type { JsonValue } from '../../../shared/llm/json.js';
import type { Message } from '../../../shared/llm/message.js';

/*
 * PostgreSQL's jsonb keeps the members of an object in an order of its own: by the length of their names, then by their
 * bytes. A message of this run has to look as it will when it is read back for the next one, or no vendor's cache knows it.
 */

const ordered = new WeakMap<Message, Message>();

/** The same message with the members of calls and results in the order in which they are stored. */
export function inStoredOrder(message: Message): Message {
  if (message.role === 'user') return message;
  let stored = ordered.get(message);
  if (!stored) ordered.set(message, (stored = sorted(message)));
  return stored;
}

function sorted(message: Message): Message {
  switch (message.role) {
    case 'user':
      return message;
    case 'assistant':
      return {
        role: 'assistant',
        parts: message.parts.map((part) =>
          part.type === 'tool-call' ? { ...part, input: sortedValue(part.input) } : part,
        ),
      };
    case 'tool':
      return {
        role: 'tool',
        parts: message.parts.map((part) => ({ ...part, result: sortedValue(part.result) })),
      };
  }
}

function sortedValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortedValue);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => ({ name, bytes: Buffer.from(name), member }));
  members.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return Object.fromEntries(members.map(({ name, member }) => [name, sortedValue(member)]));
}
