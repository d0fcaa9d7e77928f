import {
  type EmbeddingProvider,
  MAX_CHARACTERS,
  MAX_TEXTS,
} from '../../src/modules/providers/embeddings/embedding-provider.js';

export interface EmbeddingProviderUnderTest {
  readonly provider: EmbeddingProvider;
  stop(): Promise<void>;
}

export const cosineOf = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0);

/** What every EmbeddingProvider does. */
export function describeEmbeddingProvider(
  name: string,
  create: () => EmbeddingProviderUnderTest | Promise<EmbeddingProviderUnderTest>,
): void {
  describe(`${name} as an embedding provider`, () => {
    let underTest: EmbeddingProviderUnderTest;
    let provider: EmbeddingProvider;
    const { signal } = new AbortController();
    beforeAll(async () => {
      underTest = await create();
      ({ provider } = underTest);
    });
    afterAll(() => underTest.stop());

    it('gives each text a vector of length 1, in their order, and the same text the same one', async () => {
      const texts = ['a dog in the rain', 'quarterly revenue', 'a dog in the rain'];
      const { vectors, usage } = await provider.embed(texts, signal);
      expect(vectors).toHaveLength(3);
      for (const vector of vectors) expect(cosineOf(vector, vector)).toBeCloseTo(1, 4);
      expect(cosineOf(vectors[0]!, vectors[2]!)).toBeCloseTo(1, 4);
      expect(cosineOf(vectors[0]!, vectors[1]!)).toBeLessThan(0.9);
      expect(usage.inputTokens).toBeGreaterThan(0);
      expect(vectors.map((vector) => vector.length)).toEqual([1, 1, 1].map(() => provider.dimensions));
    });

    it('gives zeros for a text without anything in it, and embeds the others', async () => {
      const { vectors } = await provider.embed(['', 'words', ' \n'], signal);
      expect(vectors.map((vector) => vector.some((value) => value !== 0))).toEqual([false, true, false]);
      expect(vectors.map((vector) => vector.length)).toEqual([1, 1, 1].map(() => provider.dimensions));
    });

    it('gives nothing for nothing', async () => {
      expect((await provider.embed([], signal)).vectors).toEqual([]);
    });

    it('takes texts of any length and so many at once, and no more', async () => {
      const long = 'word '.repeat(MAX_CHARACTERS);
      const { vectors } = await provider.embed(
        Array.from({ length: MAX_TEXTS }, () => long),
        signal,
      );
      expect(vectors).toHaveLength(MAX_TEXTS);
      await expect(
        provider.embed(
          Array.from({ length: MAX_TEXTS + 1 }, () => 'a'),
          signal,
        ),
      ).rejects.toThrow(RangeError);
    });

    it('rejects with the reason of a signal that has fired, or fires', async () => {
      const reason = new Error('left');
      await expect(provider.embed(['a'], AbortSignal.abort(reason))).rejects.toBe(reason);
      const controller = new AbortController();
      const embedding = provider.embed(['a'], controller.signal);
      controller.abort(reason);
      await expect(embedding).rejects.toBe(reason);
    });
  });
}
