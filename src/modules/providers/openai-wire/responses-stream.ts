import type { ModelEvent } from '../llm-provider.js';
import { streamModelEvents } from '../wire/stream-model-events.js';
import type { OpenAiWireCall } from './chat-stream.js';
import { ResponsesStreamMapper } from './from-responses-stream.js';
import { mapOpenAiError } from './map-openai-error.js';
import { toResponsesRequest } from './to-responses-request.js';

/** One call over the Responses API. */
export function streamResponses(call: OpenAiWireCall): AsyncIterable<ModelEvent> {
  return streamModelEvents(
    {
      provider: call.provider,
      send: async (signal) =>
        call.client().responses.create(toResponsesRequest(call.request), { signal }).asResponse(),
      mapper: new ResponsesStreamMapper(call.provider, () => call.newId()),
      toProviderError: (error) => mapOpenAiError(call.provider, error),
    },
    call.options,
  );
}
