import {
  countTextTokens,
  type Embeddings,
  type EmbeddingVendor,
  ProviderError,
} from '../../providers/index.js';
import type { QuotaAmount } from '../../rate-limit/index.js';
import type { ModelCallRecord } from '../loop/run-journal.js';

/** An estimate may be too low for dense text; a byte is a token at the very most, and nobody writes that. */
const MARGIN = 2;
const PER_TEXT = 8;

/** Failures before which a vendor has embedded nothing. */
const NOT_OWED: ReadonlySet<ProviderError['reason']> = new Set([
  'rate-limited',
  'overloaded',
  'server-error',
  'invalid-request',
  'authentication',
  'not-found',
  'connection',
]);

/** What embedding costs at a vendor. */
export class EmbeddingCost {
  constructor(
    private readonly model: string,
    private readonly vendor: EmbeddingVendor,
  ) {}

  mostOf(texts: readonly string[]): QuotaAmount {
    const tokens = this.estimate(texts).inputTokens * MARGIN + PER_TEXT * texts.length;
    return { tokens, cost: BigInt(tokens) * (this.vendor.pricePerToken ?? 0n) };
  }

  estimate(texts: readonly string[]): Embeddings['usage'] {
    return {
      inputTokens: texts.reduce((sum, text) => sum + countTextTokens(text), 0),
      source: 'estimated',
    };
  }

  recordOf({ inputTokens, source }: Embeddings['usage']): ModelCallRecord {
    const { provider, pricePerToken, priceVersion } = this.vendor;
    return {
      provider,
      model: this.model,
      usage: { inputTokens: { total: inputTokens }, outputTokens: { total: 0 }, source },
      cost: pricePerToken === undefined ? undefined : BigInt(inputTokens) * pricePerToken,
      ...(priceVersion === undefined ? {} : { priceVersion }),
    };
  }

  isOwedAfter(error: unknown): boolean {
    return !(error instanceof ProviderError) || !NOT_OWED.has(error.reason);
  }
}
