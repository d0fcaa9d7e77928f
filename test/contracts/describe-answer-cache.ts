import { v7 } from 'uuid';
import {
  type AnswerCache,
  type AnswerPlace,
  MAX_ANSWERS_PER_USER,
} from '../../src/modules/agent/answer-cache/answer-cache.js';
import { until } from '../support/until.js';

const LONG_MS = 60_000;
const SHORT_MS = 30;

let keys = 0;

/** What every AnswerCache does. `other` is another replica's, if there can be one. */
export function describeAnswerCache(
  name: string,
  create: () => { readonly cache: AnswerCache; readonly other: AnswerCache },
): void {
  describe(`${name} as an answer cache`, () => {
    let cache: AnswerCache;
    let other: AnswerCache;
    let ada: string;
    let bob: string;
    beforeEach(() => {
      ({ cache, other } = create());
      [ada, bob] = [v7(), v7()];
    });
    afterEach(async () => {
      await cache.forgetUser(ada);
      await cache.forgetUser(bob);
    });

    const aKey = (): string => `${process.pid}-${(keys += 1)}`;
    const mine = (userId: string, key = aKey()): AnswerPlace => ({ userId, isShared: false, key });
    const shared = (userId: string, key: string): AnswerPlace => ({ userId, isShared: true, key });
    async function keep(place: AnswerPlace, text: string, ttlMs = LONG_MS): Promise<boolean> {
      const { generation } = await cache.find(place);
      return cache.keep(place, { pieces: [text] }, { ttlMs, generation });
    }
    const read = async (place: AnswerPlace): Promise<string | undefined> =>
      (await other.find(place)).answer?.pieces.join('|');

    it('gives back what was kept, in its pieces', async () => {
      const place = mine(ada);
      expect(await cache.find(place)).toEqual({ answer: undefined, generation: 0 });
      const pieces = ['Grüße, ', '世界 👋', '\n"quoted"\u2028', ''];
      expect(await cache.keep(place, { pieces }, { ttlMs: LONG_MS, generation: 0 })).toBe(true);
      expect(await other.find(place)).toEqual({ answer: { pieces }, generation: 0 });
    });

    it('takes the newer answer', async () => {
      const place = mine(ada);
      await keep(place, 'first');
      await keep(place, 'second');
      expect(await read(place)).toBe('second');
    });

    it('gives nobody another user’s answer', async () => {
      const key = aKey();
      await keep(mine(ada, key), 'Ada');
      expect(await read(mine(bob, key))).toBeUndefined();
      expect(await read(shared(ada, key))).toBeUndefined();
    });

    it('gives everybody a shared one', async () => {
      const key = aKey();
      await keep(shared(ada, key), 'Ada');
      expect(await read(shared(bob, key))).toBe('Ada');
      expect(await read(mine(ada, key))).toBeUndefined();
    });

    it('forgets when the time is over', async () => {
      const [brief, long] = [mine(ada), mine(ada)];
      await keep(brief, 'brief', SHORT_MS);
      await keep(long, 'long');
      await until(async () => (await read(brief)) === undefined);
      expect(await read(long)).toBe('long');
    });

    it('forgets all of one user, what they shared included, and nothing of others', async () => {
      const [first, second, theirs] = [mine(ada), mine(ada), mine(bob)];
      const [given, theirGift] = [shared(ada, aKey()), shared(bob, aKey())];
      for (const place of [first, second, theirs, given, theirGift]) await keep(place, 'kept');
      await other.forgetUser(ada);
      expect(await Promise.all([first, second, given].map(read))).toEqual([undefined, undefined, undefined]);
      expect(await Promise.all([theirs, theirGift].map(read))).toEqual(['kept', 'kept']);
    });

    it('does not keep what was asked for before its user was forgotten', async () => {
      const place = mine(ada);
      const { generation } = await cache.find(place);
      await other.forgetUser(ada);
      expect(await cache.keep(place, { pieces: ['late'] }, { ttlMs: LONG_MS, generation })).toBe(false);
      expect(await read(place)).toBeUndefined();
      expect(await keep(place, 'new')).toBe(true);
      expect(await read(place)).toBe('new');
    });

    it('keeps a bounded number of answers of one user', async () => {
      const places = Array.from({ length: MAX_ANSWERS_PER_USER + 2 }, () => mine(ada));
      for (const [index, place] of places.entries()) await keep(place, 'x', LONG_MS + index * 1_000);
      const found = await Promise.all(places.map(read));
      expect(found.slice(0, 2)).toEqual([undefined, undefined]);
      expect(found.slice(2).every((text) => text === 'x')).toBe(true);
    });
  });
}
