import type { ContentPart } from './content-part.js';
import type { Message } from './message.js';

/** Where a part of a message is from. The system prompt is no message; what it quotes is the application's. */
export type Origin = 'user' | 'model' | `tool:${string}`;

/** By construction: who may write which role is decided where messages are stored, never by what they say. */
export function originOf({ role }: Pick<Message, 'role'>, part: ContentPart): Origin {
  if (part.type === 'tool-result') return `tool:${part.toolName}`;
  return role === 'assistant' ? 'model' : 'user';
}
