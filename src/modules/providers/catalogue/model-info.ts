import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ProviderName } from '../provider-name.js';

/**
 * Pico-dollars per token. $3 per million tokens is 3 000 000n. A figure that the vendor does not publish is
 * `undefined`: cache reads and writes are then charged as plain input.
 */
export interface TokenPrice {
  readonly input: PicoUsd;
  readonly output: PicoUsd;
  readonly cacheRead?: PicoUsd;
  readonly cacheWrite?: PicoUsd;
}

/** A price, and the input size from which another one holds for the whole call (long-context prices). */
export interface ModelPrice extends TokenPrice {
  /** Ascending by `aboveInputTokens`. */
  readonly tiers?: readonly (TokenPrice & { readonly aboveInputTokens: number })[];
}

/** One model as the catalogue knows it. */
export interface ModelInfo {
  /** What callers ask for and what answers, metrics and the ledger name. */
  readonly id: string;
  readonly provider: ProviderName;
  /** What the vendor is sent: its own name of the model, or Azure's deployment. */
  readonly vendorModel: string;
  /** Which connection of the provider is used; several gateways may share an adapter. */
  readonly connection: ModelConnection;
  /** Tokens; `undefined` where nobody knows. */
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** `undefined`: unknown, which is not free. */
  readonly price?: ModelPrice;
  /** Where the price is from, and a hash of its figures: what the ledger says that a call was charged by. */
  readonly priceVersion?: string;
  readonly capabilities: ModelCapabilities;
  /** The longest silence within a stream, when this model differs from AI_STALL_TIMEOUT_MS. */
  readonly stallTimeoutMs?: number;
}

export interface ModelConnection {
  /** `undefined`: the vendor's public endpoint. */
  readonly baseUrl?: string;
  /** Reveal it in the adapter only. */
  readonly apiKey?: { reveal(): string };
  /** Azure only. */
  readonly apiVersion?: string;
}

export interface ModelCapabilities {
  readonly tools: boolean;
  readonly images: boolean;
  readonly reasoning: boolean;
  /** False for models that refuse the parameter: reasoning models of OpenAI, Claude after Opus 4.6. */
  readonly temperature: boolean;
  /** Which OpenAI wire the model wants. Ignored by other providers. */
  readonly api: 'chat' | 'responses';
}
