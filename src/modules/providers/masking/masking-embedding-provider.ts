import { setImmediate } from 'node:timers/promises';
import type { EmbeddingProvider, Embeddings } from '../embeddings/embedding-provider.js';
import type { Placeholders } from './placeholders.js';

/** One for all texts: they are compared across conversations, so what is equal in them has to look equal. */
const SCOPE = 'embeddings';

/** Keeps personal data from a vendor of vectors. Nothing is put back: there is no text in what it answers. */
export class MaskingEmbeddingProvider implements EmbeddingProvider {
  constructor(
    private readonly inner: EmbeddingProvider,
    private readonly placeholders: Placeholders,
  ) {}

  get model(): string {
    return this.inner.model;
  }

  get dimensions(): number | undefined {
    return this.inner.dimensions;
  }

  get vendor(): EmbeddingProvider['vendor'] {
    return this.inner.vendor;
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    const masked: string[] = [];
    for (const text of texts) {
      // Whole, before it is cut: half a value has no form by which it is found.
      masked.push(this.placeholders.inText(text, SCOPE, new Map()));
      await setImmediate();
    }
    return this.inner.embed(masked, signal);
  }
}
