import type { ModelEvent } from '../llm-provider.js';
import type { ProviderName } from '../provider-name.js';
import { asList, asObject, asText, type Payload } from '../wire/payload.js';
import type { StreamMapper } from '../wire/stream-model-events.js';
import { toToolCall } from '../wire/tool-call-input.js';
import { mapOpenAiStreamError } from './map-openai-error.js';
import { mapResponsesFinishReason } from './map-responses-finish-reason.js';
import { mapResponsesUsage } from './map-responses-usage.js';

const NOTHING: readonly ModelEvent[] = [];
const BETWEEN_SUMMARIES = '\n\n';

/**
 * The stream of the Responses API. Text and reasoning are taken from their deltas; calls and reasoning parts from the
 * finished items, which hold them whole.
 */
export class ResponsesStreamMapper implements StreamMapper {
  isFinished = false;
  readonly #provider: ProviderName;
  readonly #newId: () => string;
  #hasToolCalls = false;

  constructor(provider: ProviderName, newId: () => string) {
    this.#provider = provider;
    this.#newId = newId;
  }

  map(payload: Payload): readonly ModelEvent[] {
    switch (payload.type) {
      case 'response.created': {
        const responseId = asText(asObject(payload.response)?.id);
        return [{ type: 'start', ...(responseId ? { responseId } : {}) }];
      }
      case 'response.output_text.delta':
      case 'response.refusal.delta': {
        const delta = asText(payload.delta);
        return delta ? [{ type: 'text-delta', delta }] : NOTHING;
      }
      case 'response.reasoning_summary_part.added':
        return Number(payload.summary_index) > 0
          ? [{ type: 'reasoning-delta', delta: BETWEEN_SUMMARIES }]
          : NOTHING;
      case 'response.reasoning_summary_text.delta': {
        const delta = asText(payload.delta);
        return delta ? [{ type: 'reasoning-delta', delta }] : NOTHING;
      }
      case 'response.output_item.done':
        return this.#endItem(asObject(payload.item) ?? {});
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(asObject(payload.response) ?? {});
      case 'response.failed':
        throw mapOpenAiStreamError(this.#provider, asObject(payload.response)?.error);
      case 'error':
        throw mapOpenAiStreamError(this.#provider, {
          ...payload,
          type: undefined,
          ...asObject(payload.error),
        });
      default:
        return NOTHING;
    }
  }

  /** The last event holds the whole response; without it the answer is not whole. */
  end(): undefined {
    return undefined;
  }

  #endItem(item: Payload): readonly ModelEvent[] {
    if (item.type === 'function_call') {
      this.#hasToolCalls = true;
      const id = asText(item.call_id) ?? this.#newId();
      return [
        { type: 'tool-call', call: toToolCall(id, asText(item.name) ?? '', asText(item.arguments) ?? '') },
      ];
    }
    if (item.type === 'reasoning') {
      const summaries = asList(item.summary).map((part) => asText(asObject(part)?.text) ?? '');
      const id = asText(item.id);
      const signature = asText(item.encrypted_content);
      const part = {
        type: 'reasoning' as const,
        text: summaries.join(BETWEEN_SUMMARIES),
        provider: this.#provider,
        ...(id ? { id } : {}),
        ...(signature ? { signature } : {}),
      };
      return [{ type: 'reasoning', part }];
    }
    return NOTHING;
  }

  #finish(response: Payload): readonly ModelEvent[] {
    this.isFinished = true;
    const reason = asText(asObject(response.incomplete_details)?.reason);
    const status = asText(response.status) ?? 'completed';
    const isIncomplete = status === 'incomplete';
    const usage = mapResponsesUsage(asObject(response.usage));
    return [
      {
        type: 'finish',
        finishReason: mapResponsesFinishReason(
          isIncomplete ? (reason ?? status) : undefined,
          this.#hasToolCalls,
        ),
        rawFinishReason: reason ?? status,
        ...(usage ? { usage } : {}),
      },
    ];
  }
}
