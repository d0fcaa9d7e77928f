import type { FinishReason } from '../../shared/llm/finish-reason.js';
import type { ReasoningPart } from '../../shared/llm/content-part.js';
import type { Message } from '../../shared/llm/message.js';
import type { ToolCall, ToolDefinition } from '../../shared/llm/tool-call.js';
import type { Usage } from '../../shared/llm/usage.js';
import type { ModelInfo } from './catalogue/model-info.js';
import type { ProviderName } from './provider-name.js';

/** One model call. The caller vouches that `messages` is a valid history: every tool call is followed by its result. */
export interface ModelRequest {
  readonly model: ModelInfo;
  readonly system?: string;
  readonly messages: readonly Message[];
  /** Empty: the model is offered no tools. */
  readonly tools: readonly ToolDefinition[];
  /**
   * Requests with the same key begin alike, so that the vendor may keep what it has read of them. At most 64 characters
   * that tell nothing. `undefined`: it is not worth keeping.
   */
  readonly cacheKey?: string;
  readonly maxOutputTokens: number;
  /** `undefined`: the vendor's default. Adapters leave it out for models that refuse it. */
  readonly temperature?: number;
}

/**
 * What a provider streams, in the order in which the vendor sent it. Exactly one `finish` ends a good stream; a stream
 * that breaks throws a ProviderError instead.
 */
export type ModelEvent =
  /** The vendor has accepted the call. Not a part: a failure right after it may still be retried. `usage` where the vendor tells early (Anthropic). */
  | { readonly type: 'start'; readonly responseId?: string; readonly usage?: Usage }
  | { readonly type: 'text-delta'; readonly delta: string }
  | { readonly type: 'reasoning-delta'; readonly delta: string }
  /** Ends a run of reasoning deltas with the whole part as it must be sent back. */
  | { readonly type: 'reasoning'; readonly part: ReasoningPart }
  /** A complete call: arguments are assembled and parsed, or kept raw as `invalidInput`. */
  | { readonly type: 'tool-call'; readonly call: ToolCall }
  | {
      readonly type: 'finish';
      readonly finishReason: FinishReason;
      /** The vendor's own word. */
      readonly rawFinishReason?: string;
      /** `undefined`: the vendor reported none, or only zeros for a non-empty answer. The caller counts itself. */
      readonly usage?: Usage;
    };

export interface StreamOptions {
  /** Aborting it closes the vendor's socket at once. The stream then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called for every chunk of bytes that arrives, pings and comments included: a slow stream is alive. */
  readonly onActivity?: () => void;
}

/**
 * One vendor. Adapters translate and nothing else: no retries, no deadlines, no prices (see `resilience/`).
 * `stream` throws `ProviderError` for everything the vendor does wrong, at the first `next()` or later.
 */
export interface LlmProvider {
  readonly name: ProviderName;
  stream(request: ModelRequest, options: StreamOptions): AsyncIterable<ModelEvent>;
}
