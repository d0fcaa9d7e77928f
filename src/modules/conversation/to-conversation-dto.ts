import type { ContentPart } from '../../shared/llm/content-part.js';
import type { Conversation, ConversationCursor, StoredMessage } from './conversation.js';
import type { ConversationSummaryDto, MessageDto, MessagePartDto } from './conversations.dto.js';

export function toConversationSummaryDto(conversation: Conversation): ConversationSummaryDto {
  return {
    session_id: conversation.id,
    title: conversation.title,
    created_at: conversation.createdAt.toISOString(),
    updated_at: conversation.updatedAt.toISOString(),
    expires_at: conversation.expiresAt.toISOString(),
  };
}

export function toMessageDto(message: StoredMessage): MessageDto {
  return {
    message_id: message.id,
    seq: message.seq,
    role: message.role,
    content: message.parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), ''),
    parts: message.parts.map(toPartDto),
    status: message.status,
    run_id: message.runId,
    pinned: message.isPinned,
    created_at: message.createdAt.toISOString(),
  };
}

/** What only a vendor understands (signatures, encrypted reasoning) stays inside. */
function toPartDto(part: ContentPart): MessagePartDto {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return { type: part.type, text: part.text };
    case 'image':
      return {
        type: 'image',
        media_type: part.mediaType,
        ...(part.url === undefined ? {} : { url: part.url }),
      };
    case 'tool-call':
      return {
        type: 'tool-call',
        tool_call_id: part.toolCallId,
        tool_name: part.toolName,
        input: part.invalidInput ?? part.input,
      };
    case 'tool-result':
      return {
        type: 'tool-result',
        tool_call_id: part.toolCallId,
        tool_name: part.toolName,
        result: part.result,
        is_error: part.isError,
      };
  }
}

export function encodeCursor(cursor: ConversationCursor): string {
  return Buffer.from(`${cursor.updatedAt.toISOString()}|${cursor.id}`).toString('base64url');
}

/** `undefined`: not one of ours. */
export function decodeCursor(text: string): ConversationCursor | undefined {
  const [time, id, ...rest] = Buffer.from(text, 'base64url').toString('utf8').split('|');
  const updatedAt = new Date(time ?? '');
  if (rest.length > 0 || Number.isNaN(updatedAt.getTime()) || !id || !/^[0-9a-f-]{36}$/.test(id))
    return undefined;
  return { updatedAt, id };
}
