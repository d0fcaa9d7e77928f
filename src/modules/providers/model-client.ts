import type { PicoUsd } from '../../shared/money/usd.js';
import type { Usage } from '../../shared/llm/usage.js';
import type { CallBound } from './catalogue/most-of.js';
import type { ModelInfo } from './catalogue/model-info.js';
import type { ModelEvent, ModelRequest } from './llm-provider.js';

/**
 * The events of a call, headed by the model that serves it: the one asked for, or a fallback. `isCached`: it has served it
 * before, and nobody is paid for it again.
 */
export type ModelCallEvent =
  { readonly type: 'model'; readonly model: ModelInfo; readonly isCached?: boolean } | ModelEvent;

/**
 * What the agent calls models through: catalogue, retries, breaker, deadlines and fallbacks behind one method.
 *
 * `stream` yields `model` first (again when a fallback takes over, which happens only before the first part), then the
 * provider's events. It throws ProviderError when every try is used up, and the signal's reason when aborted.
 */
export interface ModelClient {
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelCallEvent>;

  /** The model that a caller named, or `undefined`. */
  find(modelId: string): ModelInfo | undefined;

  /** All that may be asked for, in a stable order, the default first. */
  list(): readonly ModelInfo[];

  /** Exact price of a call; `undefined` where the model's price is unknown. */
  costOf(model: ModelInfo, usage: Usage): PicoUsd | undefined;

  /** The most that a call may use, on whichever model serves it in the end. */
  mostOf(request: ModelRequest): CallBound;

  /** Our own count for when a vendor reports none: marked `estimated`. */
  estimateUsage(request: ModelRequest, output: string): Usage;
}

export const MODEL_CLIENT = Symbol('MODEL_CLIENT');
