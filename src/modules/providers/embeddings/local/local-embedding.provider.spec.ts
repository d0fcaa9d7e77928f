import {
  cosineOf,
  describeEmbeddingProvider,
} from '../../../../../test/contracts/describe-embedding-provider.js';
import { LocalEmbeddingProvider } from './local-embedding.provider.js';

describeEmbeddingProvider(LocalEmbeddingProvider.name, () => {
  const provider = new LocalEmbeddingProvider();
  return { provider, stop: () => provider.stop() };
});

describe(LocalEmbeddingProvider.name, () => {
  const { signal } = new AbortController();
  let provider: LocalEmbeddingProvider;
  beforeEach(() => {
    provider = new LocalEmbeddingProvider();
  });
  afterEach(() => provider.stop());

  async function likeness(a: string, b: string): Promise<number> {
    const { vectors } = await provider.embed([a, b], signal);
    return cosineOf(vectors[0]!, vectors[1]!);
  }

  it('finds those nearer that mean the same than those that share a word', async () => {
    const question = 'Does she own a dog?';
    expect(await likeness(question, 'My puppy sleeps on the sofa.')).toBeGreaterThan(
      await likeness(question, 'He will own shares of the company.'),
    );
  });

  it('sees forms of words, typing errors and other languages by their letters', async () => {
    expect(await likeness('Rechnungen bezahlen', 'die Rechnung wurde bezahlt')).toBeGreaterThan(
      await likeness('Rechnungen bezahlen', 'das Wetter ist heute schön'),
    );
    expect(await likeness('東京の天気', '今日の東京は雨です')).toBeGreaterThan(
      await likeness('東京の天気', '私は猫が好き'),
    );
  });

  it('keeps the event loop free while it works', async () => {
    const texts = Array.from({ length: 32 }, (_, index) => `${index} letters and words `.repeat(400));
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    await provider.embed(texts, signal);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(3);
  });

  it('refuses what is too much at once, and answers all that it took', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 80 }, () => provider.embed(['a text'], signal)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(64);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { reason: 'busy' },
    });
  });

  it('begins again after its thread has died, and ends for good when it is stopped', async () => {
    const broken = new LocalEmbeddingProvider(
      new URL('../../../../../test/support/workers/misbehaving.worker.js', import.meta.url),
    );
    await expect(broken.embed(['a'], signal)).rejects.toMatchObject({ reason: 'crashed' });
    await expect(broken.embed(['a'], signal)).rejects.toMatchObject({ reason: 'crashed' });
    await provider.embed(['a'], signal);
    await provider.stop();
    await expect(provider.embed(['a'], signal)).rejects.toMatchObject({ reason: 'stopped' });
  });
});
