import type {
  EasyInputMessage,
  ResponseCreateParamsStreaming,
  ResponseInputContent,
  ResponseInputItem,
} from 'openai/resources/responses/responses';
import type { AssistantPart, ToolResultPart } from '../../../shared/llm/content-part.js';
import type { AssistantMessage, Message, UserMessage } from '../../../shared/llm/message.js';
import type { ModelRequest } from '../llm-provider.js';
import { safeIdentifier } from '../wire/safe-identifier.js';
import { toReplayedInput } from '../wire/tool-call-input.js';
import { toImageUrl } from './to-chat-request.js';

const MAX_ID_LENGTH = 64;
const MAX_NAME_LENGTH = 64;
/** The API refuses less. */
const MIN_OUTPUT_TOKENS = 16;

/** Nothing is stored at the vendor; the model's reasoning comes encrypted, and goes back as it came. */
export function toResponsesRequest(request: ModelRequest): ResponseCreateParamsStreaming {
  const { model, system, temperature, tools } = request;
  return {
    model: model.vendorModel,
    stream: true,
    store: false,
    max_output_tokens: Math.max(request.maxOutputTokens, MIN_OUTPUT_TOKENS),
    ...(request.cacheKey === undefined ? {} : { prompt_cache_key: request.cacheKey }),
    ...(temperature === undefined || !model.capabilities.temperature ? {} : { temperature }),
    // Other models refuse to be asked for it.
    ...(model.capabilities.reasoning ? { include: ['reasoning.encrypted_content'] } : {}),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputSchema }) => ({
            type: 'function',
            name,
            ...(description ? { description } : {}),
            parameters: { ...inputSchema },
            // Strict mode demands schemas of a special form, and is the default here.
            strict: false,
          })),
        }),
    ...(system ? { instructions: system } : {}),
    input: request.messages.flatMap(toItems),
  };
}

function toItems(message: Message): ResponseInputItem[] {
  switch (message.role) {
    case 'user':
      return toUserItem(message);
    case 'assistant':
      return toAssistantItems(message);
    case 'tool':
      return message.parts.map(toOutputItem);
  }
}

function toUserItem({ parts }: UserMessage): EasyInputMessage[] {
  const content = parts.flatMap((part): ResponseInputContent[] => {
    if (part.type === 'image') return [{ type: 'input_image', detail: 'auto', image_url: toImageUrl(part) }];
    return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
  });
  return content.length === 0 ? [] : [{ role: 'user', content }];
}

function toAssistantItems({ parts }: AssistantMessage): ResponseInputItem[] {
  const items = parts.flatMap(toAssistantItem);
  // Reasoning without the item that it led to is refused.
  const last = items.findLastIndex((item) => item.type !== 'reasoning');
  return items.slice(0, last + 1);
}

function toAssistantItem(part: AssistantPart): ResponseInputItem[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ role: 'assistant', content: part.text }];
    case 'tool-call':
      return [
        {
          type: 'function_call',
          call_id: safeIdentifier(part.toolCallId, MAX_ID_LENGTH),
          name: safeIdentifier(part.toolName, MAX_NAME_LENGTH),
          arguments: JSON.stringify(toReplayedInput(part)),
        },
      ];
    case 'reasoning': {
      if (part.provider !== 'openai' || part.id === undefined || part.signature === undefined) return [];
      const summary = part.text === '' ? [] : [{ type: 'summary_text' as const, text: part.text }];
      return [{ type: 'reasoning', id: part.id, summary, encrypted_content: part.signature }];
    }
  }
}

function toOutputItem(part: ToolResultPart): ResponseInputItem {
  return {
    type: 'function_call_output',
    call_id: safeIdentifier(part.toolCallId, MAX_ID_LENGTH),
    output: JSON.stringify(part.result),
  };
}
