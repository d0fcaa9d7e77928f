import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionUserMessageParam,
} from 'openai/resources/chat/completions';
import type { ImagePart } from '../../../shared/llm/content-part.js';
import {
  type AssistantMessage,
  type Message,
  textOf,
  type UserMessage,
} from '../../../shared/llm/message.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import type { ModelRequest } from '../llm-provider.js';
import { safeIdentifier } from '../wire/safe-identifier.js';
import { toReplayedInput } from '../wire/tool-call-input.js';

/** What the servers of this wire disagree about. */
export interface ChatDialect {
  readonly outputLimit: 'max_tokens' | 'max_completion_tokens';
  /** OpenAI's limits for ids of calls. Other servers read their own ids back, whatever they look like. */
  readonly hasStrictIds: boolean;
  /** Other servers may refuse a parameter that they do not know. */
  readonly hasCacheKeys?: boolean;
}

const MAX_ID_LENGTH = 40;
const MAX_NAME_LENGTH = 64;

/** Reasoning does not go back: this wire has no place for it. */
export function toChatRequest(
  request: ModelRequest,
  dialect: ChatDialect,
): ChatCompletionCreateParamsStreaming {
  const { model, system, temperature, tools } = request;
  return {
    model: model.vendorModel,
    stream: true,
    stream_options: { include_usage: true },
    [dialect.outputLimit]: request.maxOutputTokens,
    ...(dialect.hasCacheKeys && request.cacheKey !== undefined ? { prompt_cache_key: request.cacheKey } : {}),
    ...(temperature === undefined || !model.capabilities.temperature ? {} : { temperature }),
    // In the order in which vendors read them: what stays the same from request to request comes first.
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            type: 'function' as const,
            function: { name, ...(description ? { description } : {}), parameters: { ...inputSchema } },
          })),
        }),
    messages: [
      ...(system ? [{ role: 'system' as const, content: system }] : []),
      ...request.messages.flatMap((message) => toMessages(message, dialect)),
    ],
  };
}

function toMessages(message: Message, dialect: ChatDialect): ChatCompletionMessageParam[] {
  switch (message.role) {
    case 'user':
      return toUserMessage(message);
    case 'assistant':
      return toAssistantMessage(message, dialect);
    case 'tool':
      return message.parts.map((part) => ({
        role: 'tool',
        tool_call_id: toCallId(part.toolCallId, dialect),
        content: JSON.stringify(part.result),
      }));
  }
}

function toUserMessage({ parts }: UserMessage): ChatCompletionUserMessageParam[] {
  const texts = parts.flatMap((part) => (part.type === 'text' && part.text !== '' ? [part.text] : []));
  // Plain text where it will do: not every server understands parts.
  if (!parts.some(({ type }) => type === 'image')) {
    return texts.length === 0 ? [] : [{ role: 'user', content: texts.join('\n\n') }];
  }
  const content = parts.flatMap((part): ChatCompletionContentPart[] => {
    if (part.type === 'image') return [{ type: 'image_url', image_url: { url: toImageUrl(part) } }];
    return part.text === '' ? [] : [{ type: 'text', text: part.text }];
  });
  return [{ role: 'user', content }];
}

/** The vendors of this wire take inline images as data URLs. */
export function toImageUrl({ url, base64, mediaType }: ImagePart): string {
  return url ?? `data:${mediaType};base64,${base64 ?? ''}`;
}

function toAssistantMessage(
  message: AssistantMessage,
  dialect: ChatDialect,
): ChatCompletionAssistantMessageParam[] {
  const text = textOf(message);
  const calls = message.parts
    .filter((part) => part.type === 'tool-call')
    .map((call) => toFunctionCall(call, dialect));
  if (text === '' && calls.length === 0) return [];
  return [
    {
      role: 'assistant',
      ...(text === '' ? { content: null } : { content: text }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ];
}

function toFunctionCall(
  call: ToolCall,
  dialect: ChatDialect,
): { id: string; type: 'function'; function: { name: string; arguments: string } } {
  return {
    id: toCallId(call.toolCallId, dialect),
    type: 'function',
    function: {
      name: safeIdentifier(call.toolName, MAX_NAME_LENGTH),
      arguments: JSON.stringify(toReplayedInput(call)),
    },
  };
}

function toCallId(id: string, dialect: ChatDialect): string {
  return dialect.hasStrictIds ? safeIdentifier(id, MAX_ID_LENGTH) : id;
}
