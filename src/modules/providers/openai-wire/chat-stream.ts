import type OpenAI from 'openai';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { streamModelEvents } from '../wire/stream-model-events.js';
import { ChatStreamMapper } from './from-chat-stream.js';
import { mapOpenAiError } from './map-openai-error.js';
import { type ChatDialect, toChatRequest } from './to-chat-request.js';

export interface OpenAiWireCall {
  readonly provider: LlmProvider['name'];
  /** Called when the stream is first read; what it throws is the stream's error. */
  client(): OpenAI;
  readonly request: ModelRequest;
  readonly options: StreamOptions;
  /** For calls of tools that come without an id. */
  newId(): string;
}

/** One call over Chat Completions. */
export function streamChat(call: OpenAiWireCall, dialect: ChatDialect): AsyncIterable<ModelEvent> {
  return streamModelEvents(
    {
      provider: call.provider,
      send: async (signal) =>
        call.client().chat.completions.create(toChatRequest(call.request, dialect), { signal }).asResponse(),
      mapper: new ChatStreamMapper(call.provider, () => call.newId()),
      toProviderError: (error) => mapOpenAiError(call.provider, error),
    },
    call.options,
  );
}
