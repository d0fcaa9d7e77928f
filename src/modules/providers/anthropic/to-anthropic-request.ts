import type {
  ContentBlockParam,
  ImageBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  TextBlockParam,
  Tool,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import type { AssistantPart, ImagePart, ToolResultPart, UserPart } from '../../../shared/llm/content-part.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ModelRequest } from '../llm-provider.js';
import { safeIdentifier } from '../wire/safe-identifier.js';
import { toReplayedInput } from '../wire/tool-call-input.js';

const EPHEMERAL = { type: 'ephemeral' } as const;
const MAX_ID_LENGTH = 64;
const MAX_NAME_LENGTH = 64;
/** Other vendors allow up to 2; Anthropic refuses more than 1. */
const MAX_TEMPERATURE = 1;

/**
 * Anthropic's rules: user and assistant alternate, tool results stand first in the user message after their calls,
 * nothing is empty, and a history with tool calls needs tools declared.
 */
export function toAnthropicRequest(request: ModelRequest): MessageCreateParamsStreaming {
  const { model, system, temperature } = request;
  return {
    model: model.vendorModel,
    max_tokens: request.maxOutputTokens,
    stream: true,
    // The vendor keeps what it has read up to the last block, and finds it again as long as requests begin alike.
    // https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    ...(request.cacheKey === undefined ? {} : { cache_control: EPHEMERAL }),
    ...(temperature === undefined || !model.capabilities.temperature
      ? {}
      : { temperature: Math.min(temperature, MAX_TEMPERATURE) }),
    // In the order in which the vendor reads them: what stays the same from request to request comes first.
    ...toTools(request),
    ...(system?.trim() ? { system: toSystem(system, request) } : {}),
    messages: toMessages(request.messages),
  };
}

/** Tools and system prompt are kept by themselves: they are the same for other conversations too. */
function toSystem(text: string, { cacheKey }: ModelRequest): string | TextBlockParam[] {
  return cacheKey === undefined ? text : [{ type: 'text', text, cache_control: EPHEMERAL }];
}

function toMessages(messages: readonly Message[]): MessageParam[] {
  const merged: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = toBlocks(message);
    if (content.length === 0) continue;
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...content);
    else merged.push({ role, content });
  }
  return merged;
}

function toBlocks(message: Message): ContentBlockParam[] {
  switch (message.role) {
    case 'user':
      return message.parts.flatMap(toUserBlock);
    case 'assistant':
      return withoutTrailingThinking(message.parts.flatMap(toAssistantBlock));
    case 'tool':
      return message.parts.map(toToolResult);
  }
}

function toUserBlock(part: UserPart): (TextBlockParam | ImageBlockParam)[] {
  return part.type === 'image' ? [toImage(part)] : toText(part.text);
}

/** Blank text is refused like empty text. */
function toText(text: string): TextBlockParam[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}

function toImage({ url, base64, mediaType }: ImagePart): ImageBlockParam {
  if (url !== undefined) return { type: 'image', source: { type: 'url', url } };
  // The SDK lists four types; whether the vendor takes a fifth is for the vendor to say.
  const media_type = mediaType as 'image/png';
  return { type: 'image', source: { type: 'base64', media_type, data: base64 ?? '' } };
}

function toAssistantBlock(part: AssistantPart): ContentBlockParam[] {
  switch (part.type) {
    case 'text':
      return toText(part.text);
    case 'tool-call':
      return [
        {
          type: 'tool_use',
          id: safeIdentifier(part.toolCallId, MAX_ID_LENGTH),
          name: safeIdentifier(part.toolName, MAX_NAME_LENGTH),
          input: toReplayedInput(part),
        },
      ];
    case 'reasoning':
      if (part.provider !== 'anthropic') return [];
      if (part.redacted !== undefined) return [{ type: 'redacted_thinking', data: part.redacted }];
      return part.signature ? [{ type: 'thinking', thinking: part.text, signature: part.signature }] : [];
  }
}

/** Thinking must lead to something; a message that was cut off within it has nothing to show. */
function withoutTrailingThinking(blocks: ContentBlockParam[]): ContentBlockParam[] {
  const last = blocks.findLastIndex(
    (block) => block.type !== 'thinking' && block.type !== 'redacted_thinking',
  );
  return blocks.slice(0, last + 1);
}

function toToolResult(part: ToolResultPart): ToolResultBlockParam {
  return {
    type: 'tool_result',
    tool_use_id: safeIdentifier(part.toolCallId, MAX_ID_LENGTH),
    content: JSON.stringify(part.result),
    ...(part.isError ? { is_error: true } : {}),
  };
}

function toTools({
  tools,
  messages,
}: ModelRequest): Pick<MessageCreateParamsStreaming, 'tools' | 'tool_choice'> {
  if (tools.length > 0) {
    return {
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        ...(description ? { description } : {}),
        input_schema: { ...inputSchema, type: 'object' },
      })),
    };
  }
  const called = new Set<string>();
  for (const message of messages) {
    for (const part of message.parts) {
      if (part.type === 'tool-call') called.add(safeIdentifier(part.toolName, MAX_NAME_LENGTH));
    }
  }
  if (called.size === 0) return {};
  // The vendor wants the tools of the history declared even when none may be called any more.
  const declared = [...called].map((name): Tool => ({ name, input_schema: { type: 'object' } }));
  return { tools: declared, tool_choice: { type: 'none' } };
}
