import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ProviderName } from '../provider-name.js';

export interface Embeddings {
  /** One per text, in their order, of length 1; all zeros for a text without a word in it. */
  readonly vectors: readonly Float32Array[];
  readonly usage: EmbeddingUsage;
}

export interface EmbeddingUsage {
  readonly inputTokens: number;
  /** `measured`: the vendor's own figure. `estimated`: counted by us because it told none. */
  readonly source: 'measured' | 'estimated';
}

/** Who is paid for it. */
export interface EmbeddingVendor {
  readonly provider: ProviderName;
  /** `undefined`: unknown, which is not free. */
  readonly pricePerToken: PicoUsd | undefined;
  /** Where the price is from, for the ledger. */
  readonly priceVersion: string | undefined;
}

/**
 * Turns texts into vectors: the closer what two texts are about, the smaller the angle between theirs.
 *
 * All implementations pass `test/contracts/describe-embedding-provider.ts`. None blocks the event loop, and none retries.
 */
export interface EmbeddingProvider {
  /** Names the vectors: those of different models cannot be compared. */
  readonly model: string;
  /** Numbers in a vector; `undefined` until the first answer where only the vendor knows. */
  readonly dimensions: number | undefined;
  /** `undefined`: nothing leaves this process, and nothing is paid. */
  readonly vendor: EmbeddingVendor | undefined;
  /**
   * At most MAX_TEXTS; a text is cut at MAX_CHARACTERS. Rejects with ProviderError for what a vendor does wrong, with
   * EmbeddingUnavailable for what this process cannot do now, and with the signal's reason.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings>;
}

export const EMBEDDING_PROVIDER = Symbol('EMBEDDING_PROVIDER');

export const MAX_TEXTS = 32;
/** About 2,000 tokens: what is said further on changes little of what a text is about. */
export const MAX_CHARACTERS = 8_000;

/**
 * - `busy`: too much waits already;
 * - `timeout`, `crashed`: it was begun, and there is no answer;
 * - `stopped`: the process shuts down.
 */
export class EmbeddingUnavailable extends Error {
  constructor(readonly reason: 'busy' | 'timeout' | 'crashed' | 'stopped') {
    super(`texts cannot be embedded now: ${reason}`);
    this.name = 'EmbeddingUnavailable';
  }
}

/** Throws for more texts than one call takes. */
export function boundedTexts(texts: readonly string[]): string[] {
  if (texts.length > MAX_TEXTS) throw new RangeError(`at most ${MAX_TEXTS} texts at once`);
  return texts.map((text) => text.slice(0, MAX_CHARACTERS));
}
