import type { AssistantPart, ToolResultPart, UserPart } from './content-part.js';

export interface UserMessage {
  readonly role: 'user';
  readonly parts: readonly UserPart[];
}

/** Parts stand in the order in which the model produced them. */
export interface AssistantMessage {
  readonly role: 'assistant';
  readonly parts: readonly AssistantPart[];
}

/** Follows an assistant message with tool calls and answers each of them, in the order of the calls. */
export interface ToolMessage {
  readonly role: 'tool';
  readonly parts: readonly ToolResultPart[];
}

/** The system prompt is not a message: it belongs to the request (see `ModelRequest.system`). */
export type Message = UserMessage | AssistantMessage | ToolMessage;

/** The visible text of a message: its text parts joined, nothing between them. */
export function textOf(message: Message): string {
  let text = '';
  for (const part of message.parts) if (part.type === 'text') text += part.text;
  return text;
}
