import { describeAnswerCache } from '../../../../../test/contracts/describe-answer-cache.js';
import type { AnswerPlace } from '../answer-cache.js';
import { MemoryAnswerCache } from './memory-answer-cache.js';

describeAnswerCache(MemoryAnswerCache.name, () => {
  const cache = new MemoryAnswerCache();
  return { cache, other: cache };
});

describe(MemoryAnswerCache.name, () => {
  const place = (key: string): AnswerPlace => ({ userId: 'ada', isShared: false, key });
  const keep = (cache: MemoryAnswerCache, key: string, text: string): Promise<boolean> =>
    cache.keep(place(key), { pieces: [text] }, { ttlMs: 60_000, generation: 0 });
  const isKept = async (cache: MemoryAnswerCache, key: string): Promise<boolean> =>
    (await cache.find(place(key))).answer !== undefined;

  it('is bounded by the bytes of its answers: those that nobody asks for make room', async () => {
    const cache = new MemoryAnswerCache(10_000);
    await keep(cache, 'a', 'x'.repeat(2_000));
    await keep(cache, 'b', 'x'.repeat(2_000));
    await cache.find(place('a'));
    await keep(cache, 'c', 'x'.repeat(2_000));
    expect([await isKept(cache, 'a'), await isKept(cache, 'b'), await isKept(cache, 'c')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('does not take what is larger than all of it, and loses nothing for it', async () => {
    const cache = new MemoryAnswerCache(10_000);
    await keep(cache, 'a', 'x');
    expect(await keep(cache, 'b', 'x'.repeat(6_000))).toBe(false);
    expect([await isKept(cache, 'a'), await isKept(cache, 'b')]).toEqual([true, false]);
  });
});
