import type { ModelEvent } from '../llm-provider.js';
import { ProviderError } from '../provider-error.js';
import { asObject, asText, type Payload } from '../wire/payload.js';
import type { StreamMapper } from '../wire/stream-model-events.js';
import { toToolCall } from '../wire/tool-call-input.js';
import { mapAnthropicStreamError } from './map-anthropic-error.js';
import { mapAnthropicFinishReason } from './map-anthropic-finish-reason.js';
import { mapAnthropicUsage } from './map-anthropic-usage.js';

/** What a block has brought so far. */
type OpenBlock =
  | { readonly type: 'thinking'; text: string; signature: string }
  | { readonly type: 'redacted'; readonly data: string }
  | { readonly type: 'tool-call'; readonly id: string; readonly name: string; argumentsText: string };

/** Held until it is whole; more than this is no answer. */
const MAX_BLOCK_CHARACTERS = 4 * 1024 * 1024;
const NOTHING: readonly ModelEvent[] = [];

/** Anthropic's stream: blocks that start, grow and stop, between `message_start` and `message_stop`. */
export class AnthropicStreamMapper implements StreamMapper {
  isFinished = false;
  readonly #blocks = new Map<unknown, OpenBlock>();
  readonly #newId: () => string;
  #startUsage: Payload | undefined;
  #deltaUsage: Payload | undefined;
  #stopReason: string | undefined;
  #hasToolCalls = false;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  map(payload: Payload): readonly ModelEvent[] {
    switch (payload.type) {
      case 'message_start':
        return this.#start(asObject(payload.message));
      case 'content_block_start':
        return this.#startBlock(payload.index, asObject(payload.content_block));
      case 'content_block_delta':
        return this.#growBlock(payload.index, asObject(payload.delta));
      case 'content_block_stop':
        return this.#stopBlock(payload.index);
      case 'message_delta':
        this.#stopReason = asText(asObject(payload.delta)?.stop_reason) ?? this.#stopReason;
        this.#deltaUsage = asObject(payload.usage) ?? this.#deltaUsage;
        return NOTHING;
      case 'message_stop':
        return this.#finish();
      case 'error':
        throw mapAnthropicStreamError(asObject(payload.error)?.type);
      default:
        return NOTHING;
    }
  }

  /** Without `message_stop` the stop reason still tells that the answer is whole. */
  end(): readonly ModelEvent[] | undefined {
    return this.#stopReason === undefined ? undefined : this.#finish();
  }

  #start(message: Payload | undefined): readonly ModelEvent[] {
    this.#startUsage = asObject(message?.usage);
    const usage = mapAnthropicUsage(this.#startUsage);
    const responseId = asText(message?.id);
    return [{ type: 'start', ...(responseId ? { responseId } : {}), ...(usage ? { usage } : {}) }];
  }

  #startBlock(index: unknown, block: Payload | undefined): readonly ModelEvent[] {
    switch (block?.type) {
      case 'text':
        return asText(block.text) ? [{ type: 'text-delta', delta: String(block.text) }] : NOTHING;
      case 'thinking': {
        const text = asText(block.thinking) ?? '';
        this.#blocks.set(index, { type: 'thinking', text, signature: asText(block.signature) ?? '' });
        return text ? [{ type: 'reasoning-delta', delta: text }] : NOTHING;
      }
      case 'redacted_thinking':
        this.#blocks.set(index, { type: 'redacted', data: asText(block.data) ?? '' });
        return NOTHING;
      case 'tool_use': {
        const id = asText(block.id) ?? this.#newId();
        // Normally empty, with the arguments in deltas; some gateways send them at once.
        const input = asObject(block.input) ?? {};
        const argumentsText = Object.keys(input).length > 0 ? JSON.stringify(input) : '';
        this.#blocks.set(index, { type: 'tool-call', id, name: asText(block.name) ?? '', argumentsText });
        return NOTHING;
      }
      default:
        return NOTHING;
    }
  }

  #growBlock(index: unknown, delta: Payload | undefined): readonly ModelEvent[] {
    if (delta?.type === 'text_delta') {
      const text = asText(delta.text);
      return text ? [{ type: 'text-delta', delta: text }] : NOTHING;
    }
    const block = this.#blocks.get(index);
    if (block?.type === 'tool-call' && delta?.type === 'input_json_delta') {
      block.argumentsText = grow(block.argumentsText, asText(delta.partial_json) ?? '');
    } else if (block?.type === 'thinking' && delta?.type === 'signature_delta') {
      block.signature = grow(block.signature, asText(delta.signature) ?? '');
    } else if (block?.type === 'thinking' && delta?.type === 'thinking_delta') {
      const text = asText(delta.thinking);
      if (!text) return NOTHING;
      block.text = grow(block.text, text);
      return [{ type: 'reasoning-delta', delta: text }];
    }
    return NOTHING;
  }

  #stopBlock(index: unknown): readonly ModelEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    switch (block?.type) {
      case undefined:
        return NOTHING;
      case 'tool-call':
        this.#hasToolCalls = true;
        return [{ type: 'tool-call', call: toToolCall(block.id, block.name, block.argumentsText) }];
      case 'redacted':
        return [
          {
            type: 'reasoning',
            part: { type: 'reasoning', text: '', provider: 'anthropic', redacted: block.data },
          },
        ];
      case 'thinking': {
        const signature = block.signature ? { signature: block.signature } : {};
        return [
          {
            type: 'reasoning',
            part: { type: 'reasoning', text: block.text, provider: 'anthropic', ...signature },
          },
        ];
      }
    }
  }

  #finish(): readonly ModelEvent[] {
    this.isFinished = true;
    const mapped = mapAnthropicFinishReason(this.#stopReason);
    const finishReason = mapped === 'stop' && this.#hasToolCalls ? 'tool_calls' : mapped;
    const usage = mapAnthropicUsage(this.#startUsage, this.#deltaUsage);
    const raw = this.#stopReason === undefined ? {} : { rawFinishReason: this.#stopReason };
    return [{ type: 'finish', finishReason, ...raw, ...(usage ? { usage } : {}) }];
  }
}

function grow(text: string, more: string): string {
  if (text.length + more.length > MAX_BLOCK_CHARACTERS) throw new ProviderError('anthropic', 'bad-response');
  return text + more;
}
