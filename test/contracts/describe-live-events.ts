import { v7 } from 'uuid';
import type { LiveEvents } from '../../src/modules/agent/events/live-events.js';
import type { LoggedEvent } from '../../src/modules/agent/events/run-event-log.js';
import { until } from '../support/until.js';

const FOR_EVER_MS = 60_000;
const NEVER = new AbortController().signal;

export interface LiveEventsUnderTest {
  /** Where the run is driven. */
  readonly owner: LiveEvents;
  /** Where it is read: another replica, if there can be one. */
  readonly reader: LiveEvents;
  /** Loses what is there of the run, as a server does that comes back empty. */
  lose(runId: string): Promise<void>;
}

/** Text deltas with the ids `first` to `last`. */
export function eventsOf(first: number, last: number, text = ''): LoggedEvent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    id: first + index,
    event: { type: 'text-delta', step: 1, delta: `${text}${first + index}` },
  }));
}

/** What every LiveEvents does. */
export function describeLiveEvents(
  name: string,
  create: () => LiveEventsUnderTest | Promise<LiveEventsUnderTest>,
): void {
  describe(`${name} as live events`, () => {
    let owner: LiveEvents;
    let reader: LiveEvents;
    let lose: (runId: string) => Promise<void>;
    let runId: string;
    beforeEach(async () => {
      const underTest = await create();
      ({ owner, reader } = underTest);
      lose = (id) => underTest.lose(id);
      runId = v7();
    });
    afterEach(() => owner.end(runId));

    /** Publishes the ids `first` to `last` of an owner whose own events begin at `ownFirst`. */
    function publish(
      epoch: number,
      first: number,
      last: number,
      { ownFirst = 1, text = '' } = {},
    ): ReturnType<LiveEvents['publish']> {
      return owner.publish(runId, epoch, eventsOf(first, last, text), () => eventsOf(ownFirst, last, text));
    }

    const read = async (id: string, afterId: number): Promise<readonly LoggedEvent[]> =>
      (await reader.read(id, afterId)).events;

    it('keeps nothing of a run that is erased, and takes nothing more', async () => {
      expect(await publish(1, 1, 4)).toBe('published');
      await owner.erase([runId]);
      expect(await read(runId, 0)).toEqual([]);
      expect(await publish(1, 5, 6)).toBe('fenced');
      expect(await publish(2, 5, 6, { ownFirst: 5 })).toBe('fenced');
      expect(await read(runId, 0)).toEqual([]);
    });

    it('gives what was published in order, whatever the batches', async () => {
      expect(await publish(1, 1, 1)).toBe('published');
      expect(await publish(1, 2, 4)).toBe('published');
      expect(await publish(1, 5, 12)).toBe('published');
      expect(await read(runId, 0)).toEqual(eventsOf(1, 12));
    });

    it('gives what comes after an id, also after one in the middle of a batch', async () => {
      await publish(1, 1, 3);
      await publish(1, 4, 10);
      for (const afterId of [2, 3, 5, 9]) {
        expect(await read(runId, afterId)).toEqual(eventsOf(afterId + 1, 10));
      }
      expect(await read(runId, 10)).toEqual([]);
    });

    it('has nothing of a run that was never published, or that is another', async () => {
      await publish(1, 1, 3);
      expect(await read(v7(), 0)).toEqual([]);
    });

    it('takes a batch that comes twice once', async () => {
      await publish(1, 1, 2);
      expect(await publish(1, 3, 4)).toBe('published');
      expect(await publish(1, 3, 4)).toBe('published');
      expect(await read(runId, 0)).toEqual(eventsOf(1, 4));
    });

    it('carries events as they were, money and odd text included', async () => {
      const events: LoggedEvent[] = [
        { id: 1, event: { type: 'text-delta', step: 1, delta: 'a\u0000b\ud800"\u2028' } },
        {
          id: 2,
          event: {
            type: 'step-end',
            step: 1,
            finishReason: 'stop',
            usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 }, source: 'measured' },
            cost: 12_345_678_901_234_567_890n,
          },
        },
      ];
      await owner.publish(runId, 1, events, () => events);
      expect(await read(runId, 0)).toEqual(events);
    });

    it('publishes nothing of an owner that has been replaced', async () => {
      await publish(1, 1, 2);
      expect(await publish(2, 3, 3, { ownFirst: 3, text: 'new ' })).toBe('published');
      expect(await publish(1, 3, 4, { text: 'late ' })).toBe('fenced');
      expect(await read(runId, 0)).toEqual([...eventsOf(1, 2), ...eventsOf(3, 3, 'new ')]);
    });

    it('gives a new owner what was shown, and from then on the one before publishes nothing', async () => {
      await publish(1, 1, 4);
      expect(await owner.adopt(runId, 2, 2)).toEqual(eventsOf(3, 4));
      expect(await publish(1, 5, 5)).toBe('fenced');
      expect(await publish(2, 5, 6, { ownFirst: 5, text: 'new ' })).toBe('published');
      expect(await read(runId, 3)).toEqual([...eventsOf(4, 4), ...eventsOf(5, 6, 'new ')]);
    });

    it('says which owner published the last of what it gives', async () => {
      expect((await reader.read(runId, 0)).epoch).toBe(0);
      await publish(1, 1, 4);
      await owner.adopt(runId, 2, 4);
      expect((await reader.read(runId, 0)).epoch).toBe(1);
      await publish(2, 5, 6, { ownFirst: 5 });
      expect((await reader.read(runId, 0)).epoch).toBe(2);
      expect((await reader.read(runId, 6)).epoch).toBe(0);
    });

    it('tells a new owner that nothing more was shown only when that is certain', async () => {
      await publish(1, 1, 4);
      expect(await owner.adopt(runId, 2, 4)).toEqual([]);
      await lose(runId);
      expect(await owner.adopt(runId, 3, 4)).toBeUndefined();
    });

    it('fences although there is nothing of the run', async () => {
      expect(await owner.adopt(runId, 2, 0)).toBeUndefined();
      expect(await publish(1, 1, 1)).toBe('fenced');
      expect(await read(runId, 0)).toEqual([]);
    });

    it('is not adopted back by an owner that comes late', async () => {
      await publish(3, 1, 2);
      await owner.adopt(runId, 2, 0);
      expect(await publish(2, 3, 3)).toBe('fenced');
      expect(await publish(3, 3, 3)).toBe('published');
    });

    it('lets a new owner use ids again when what was shown is not whole', async () => {
      await publish(1, 5, 9, { ownFirst: 5 });
      expect(await owner.adopt(runId, 2, 2)).toBeUndefined();
      expect(await publish(2, 3, 4, { ownFirst: 3, text: 'new ' })).toBe('published');
      expect(await read(runId, 2)).toEqual(eventsOf(3, 4, 'new '));
    });

    it('has everything of an owner again once it has lost the beginning', async () => {
      await publish(1, 1, 2);
      await publish(1, 3, 3);
      await lose(runId);
      expect(await publish(1, 4, 4)).toBe('published');
      expect(await read(runId, 0)).toEqual(eventsOf(1, 4));
      expect(await publish(1, 5, 5)).toBe('published');
      expect(await read(runId, 0)).toEqual(eventsOf(1, 5));
    });

    it('keeps the other runs when one ends', async () => {
      await publish(1, 1, 2);
      const other = v7();
      await owner.publish(other, 1, eventsOf(1, 1), () => eventsOf(1, 1));
      owner.end(other);
      expect(await publish(1, 3, 3)).toBe('published');
      expect(await read(runId, 0)).toEqual(eventsOf(1, 3));
    });

    describe('watch', () => {
      it('wakes a reader when something is published', async () => {
        const watch = reader.watch(runId);
        let isAwake = false;
        const waiting = watch.next(FOR_EVER_MS, NEVER).then(() => (isAwake = true));
        let id = 0;
        // Again and again: it may take a moment until the other replica listens.
        await until(async () => {
          id += 1;
          await publish(1, id, id);
          return isAwake;
        });
        await waiting;
        watch.close();
      });

      it('wakes every reader of the run, and those of no other', async () => {
        const [first, second, other] = [reader.watch(runId), reader.watch(runId), reader.watch(v7())];
        let isOtherAwake = false;
        const stop = new AbortController();
        const othersTurn = other
          .next(FOR_EVER_MS, stop.signal)
          .then(() => (isOtherAwake = !stop.signal.aborted));
        const both = Promise.all([first.next(FOR_EVER_MS, NEVER), second.next(FOR_EVER_MS, NEVER)]);
        reader.wake(runId);
        await both;
        stop.abort();
        await othersTurn;
        expect(isOtherAwake).toBe(false);
        for (const watch of [first, second, other]) watch.close();
      });

      it('remembers news that came while nobody waited, once', async () => {
        const watch = reader.watch(runId);
        reader.wake(runId);
        await watch.next(FOR_EVER_MS, NEVER);
        const startedMs = performance.now();
        await watch.next(30, NEVER);
        expect(performance.now() - startedMs).toBeGreaterThan(25);
        watch.close();
      });

      it('lets a reader go whose signal fires, or has fired', async () => {
        const watch = reader.watch(runId);
        const stop = new AbortController();
        const waiting = watch.next(FOR_EVER_MS, stop.signal);
        stop.abort();
        await waiting;
        await watch.next(FOR_EVER_MS, stop.signal);
        watch.close();
      });

      it('goes on for one reader when another leaves, twice even', async () => {
        const [leaves, stays] = [reader.watch(runId), reader.watch(runId)];
        leaves.close();
        leaves.close();
        const waiting = stays.next(FOR_EVER_MS, NEVER);
        reader.wake(runId);
        await waiting;
        stays.close();
      });
    });
  });
}
