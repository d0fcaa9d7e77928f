import { NO_USAGE } from '../../../shared/llm/usage.js';
import type { RunEvent } from '../loop/run-events.js';
import { type LoggedEvent, RunEventLog, type SubscriptionEnd } from './run-event-log.js';

const START: RunEvent = { type: 'run-start', runId: 'r', sessionId: 's' };
const END: RunEvent = {
  type: 'run-error',
  runId: 'r',
  sessionId: 's',
  problem: { type: 't', title: 't', status: 500, detail: 'd', code: 'internal' },
  partial: false,
  usage: NO_USAGE,
  cost: 0n,
};
const NEVER = new AbortController().signal;
const text = (delta: string, step = 1): RunEvent => ({ type: 'text-delta', step, delta });
const step = (number: number): RunEvent => ({ type: 'step-start', step: number });

/** A subscriber that reads on its own; `seen` is what it has been shown so far. */
class Reader {
  readonly seen: LoggedEvent[] = [];
  readonly ended: Promise<SubscriptionEnd>;

  constructor(log: RunEventLog, afterId = 0, signal: AbortSignal = NEVER) {
    this.ended = this.read(log.subscribe(signal, afterId));
  }

  get ids(): number[] {
    return this.seen.map(({ id }) => id);
  }

  private async read(
    batches: AsyncGenerator<readonly LoggedEvent[], SubscriptionEnd>,
  ): Promise<SubscriptionEnd> {
    for (;;) {
      const next = await batches.next();
      if (next.done) return next.value;
      this.seen.push(...next.value);
    }
  }
}

/** Publishes when the test says so. */
class SlowPublisher {
  readonly batches: number[][] = [];
  private readonly underWay: (() => void)[] = [];

  readonly publish = (events: readonly LoggedEvent[]): Promise<void> => {
    this.batches.push(events.map(({ id }) => id));
    return new Promise((resolve) => this.underWay.push(resolve));
  };

  async finishOne(): Promise<void> {
    this.underWay.shift()!();
    await settled();
  }
}

/** Everything that can happen without further input has happened, joined deltas included. */
async function settled(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

describe(RunEventLog.name, () => {
  it('numbers events from 1 without gaps and joins what arrives together', async () => {
    const log = new RunEventLog({ firstId: 1 });
    log.append(START);
    log.append(text('Hel'));
    log.append(text('lo'));
    log.append({ type: 'reasoning-delta', step: 1, delta: 'hm' });
    log.append(text(' you', 2));
    log.append(END);
    const reader = new Reader(log);
    expect(await reader.ended).toBe('complete');
    expect(reader.ids).toEqual([1, 2, 3, 4, 5]);
    expect(reader.seen[1]!.event).toEqual(text('Hello'));
    expect(reader.seen.map(({ event }) => event.type)).toEqual([
      'run-start',
      'text-delta',
      'reasoning-delta',
      'text-delta',
      'run-error',
    ]);
  });

  it('makes no event so large that a slow reader could not take it, however fast the model is', async () => {
    const log = new RunEventLog({ firstId: 1 });
    const reader = new Reader(log);
    for (let piece = 0; piece < 100; piece += 1) log.append(text(`${piece} `.padEnd(4_000, '.')));
    await settled();
    const deltas = reader.seen.map(({ event }) => (event.type === 'text-delta' ? event.delta : ''));
    expect(deltas).toHaveLength(25);
    expect(deltas.join('').match(/\d+/g)).toEqual(Array.from({ length: 100 }, (_, piece) => String(piece)));
  });

  it('gives a late subscriber everything, and one that resumes only what it has not seen', async () => {
    const log = new RunEventLog({ firstId: 1 });
    for (const event of [START, text('a'), END]) log.append(event);
    const [all, rest] = [new Reader(log), new Reader(log, 2)];
    await Promise.all([all.ended, rest.ended]);
    expect(all.ids).toEqual([1, 2, 3]);
    expect(rest.ids).toEqual([3]);
  });

  it('delivers a delta without waiting for another', async () => {
    const log = new RunEventLog({ firstId: 1 });
    const stop = new AbortController();
    const reader = log.subscribe(stop.signal);
    log.append(text('a'));
    expect((await reader.next()).value).toEqual([{ id: 1, event: text('a') }]);
    stop.abort();
    expect(await reader.next()).toEqual({ done: true, value: 'aborted' });
  });

  it('ends a waiting subscriber when its signal fires', async () => {
    const log = new RunEventLog({ firstId: 1 });
    const stop = new AbortController();
    const reader = new Reader(log, 0, stop.signal);
    stop.abort();
    expect(await reader.ended).toBe('aborted');
  });

  it('goes on numbering where the owner before stopped, and says what it can serve', async () => {
    const log = new RunEventLog({ firstId: 8 });
    log.append(step(2));
    log.append(END);
    const [reader, late] = [new Reader(log, 7), new Reader(log, 8)];
    await Promise.all([reader.ended, late.ended]);
    expect(reader.ids).toEqual([8, 9]);
    expect(late.ids).toEqual([9]);
    expect([0, 6, 7, 8, 100].map((afterId) => log.covers(afterId))).toEqual([false, false, true, true, true]);
  });

  describe('what is staged', () => {
    it('has its id at once and is shown only when it is stored', async () => {
      const log = new RunEventLog({ firstId: 1 });
      const reader = new Reader(log);
      log.append(START);
      log.append(text('a'));
      log.stage([step(1), step(2)]);
      await settled();
      expect(reader.ids).toEqual([1, 2]);
      expect(log.unstored().map(({ id }) => id)).toEqual([1, 2, 3, 4]);
      log.markStored(4);
      await settled();
      expect(reader.ids).toEqual([1, 2, 3, 4]);
      expect(log.unstored()).toEqual([]);
    });

    it('holds back what is appended after it: nothing overtakes', async () => {
      const log = new RunEventLog({ firstId: 1 });
      const reader = new Reader(log);
      log.stage([step(1)]);
      log.append(text('a'));
      log.append(step(2));
      await settled();
      expect(reader.ids).toEqual([]);
      log.markStored(1);
      await settled();
      expect(reader.ids).toEqual([1, 2, 3]);
      expect(log.unstored().map(({ id }) => id)).toEqual([2, 3]);
    });

    it('is told with the next write, together with the text that came before it', () => {
      const log = new RunEventLog({ firstId: 5 });
      log.append(text('a'));
      log.append(text('b'));
      log.stage([step(2)]);
      expect(log.unstored()).toEqual([
        { id: 5, event: text('ab') },
        { id: 6, event: step(2) },
      ]);
    });

    it('counts text that no subscriber has been shown yet among what is not stored', () => {
      const log = new RunEventLog({ firstId: 1 });
      log.append(text('a'));
      expect(log.unstored()).toEqual([{ id: 1, event: text('a') }]);
    });

    it('ends the subscriptions when it is the end of the run', async () => {
      const log = new RunEventLog({ firstId: 1 });
      const reader = new Reader(log);
      log.stage([END]);
      await settled();
      expect(reader.ids).toEqual([]);
      log.markStored(1);
      expect(await reader.ended).toBe('complete');
      expect(reader.ids).toEqual([1]);
    });
  });

  describe('of a run with very many events', () => {
    /** Stores a step of so many events. */
    function storeStep(log: RunEventLog, count: number): void {
      for (let index = 0; index < count; index += 1) log.append(step(index));
      log.markStored(log.unstored().at(-1)!.id);
    }

    it('keeps what was stored last, and lets go of what was stored before', () => {
      const log = new RunEventLog({ firstId: 1 });
      storeStep(log, 600);
      storeStep(log, 600);
      expect([599, 600].map((afterId) => log.covers(afterId))).toEqual([false, true]);
      expect(log.publishable([{ id: 602, event: START }]).map(({ id }) => id)).toEqual([601, 602]);
      storeStep(log, 2);
      expect([600, 1_199, 1_200].map((afterId) => log.covers(afterId))).toEqual([true, true, true]);
    });

    it('keeps all of a run that has few', () => {
      const log = new RunEventLog({ firstId: 1 });
      for (let time = 1; time <= 3; time += 1) storeStep(log, 300);
      expect(log.covers(0)).toBe(true);
    });

    it('sends a subscriber that is too far behind elsewhere, and serves one that is not', async () => {
      const log = new RunEventLog({ firstId: 1 });
      storeStep(log, 5);
      const slow = log.subscribe(NEVER);
      expect((await slow.next()).value).toHaveLength(5);
      storeStep(log, 1_000);
      storeStep(log, 1_000);
      expect(await slow.next()).toEqual({ done: true, value: 'behind' });
      const quick = new Reader(log, 1_005);
      log.append(END);
      expect(await quick.ended).toBe('complete');
      expect(quick.ids).toHaveLength(1_001);
    });

    it('keeps what other replicas have not been told of', async () => {
      const other = new SlowPublisher();
      const log = new RunEventLog({ firstId: 1, publish: other.publish });
      for (let time = 1; time <= 3; time += 1) storeStep(log, 1_000);
      expect(log.covers(0)).toBe(true);
      await other.finishOne();
      await other.finishOne();
      expect(other.batches.flat()).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
    });
  });

  describe('with other replicas', () => {
    it('shows nothing before they can find it', async () => {
      const other = new SlowPublisher();
      const log = new RunEventLog({ firstId: 1, publish: other.publish });
      const reader = new Reader(log);
      log.append(START);
      await settled();
      expect(other.batches).toEqual([[1]]);
      expect(reader.ids).toEqual([]);
      await other.finishOne();
      expect(reader.ids).toEqual([1]);
    });

    it('publishes one batch after the other, and what comes meanwhile together', async () => {
      const other = new SlowPublisher();
      const log = new RunEventLog({ firstId: 1, publish: other.publish });
      const reader = new Reader(log);
      log.append(START);
      log.append(step(1));
      log.append(text('a'));
      await settled();
      expect(other.batches).toEqual([[1]]);
      await other.finishOne();
      expect(other.batches).toEqual([[1], [2, 3]]);
      log.append(END);
      await other.finishOne();
      await other.finishOne();
      expect(other.batches).toEqual([[1], [2, 3], [4]]);
      expect(await reader.ended).toBe('complete');
      expect(reader.ids).toEqual([1, 2, 3, 4]);
    });

    it('publishes nothing that is staged before it is stored', async () => {
      const other = new SlowPublisher();
      const log = new RunEventLog({ firstId: 1, publish: other.publish });
      log.stage([step(1)]);
      log.append(step(2));
      await settled();
      expect(other.batches).toEqual([]);
      log.markStored(1);
      expect(other.batches).toEqual([[1, 2]]);
    });

    it('gives everything of this owner up to a batch, for whoever has lost what came before', () => {
      const log = new RunEventLog({ firstId: 4 });
      for (let number = 1; number <= 4; number += 1) log.append(step(number));
      const upTo = (id: number): number[] =>
        log.publishable([{ id, event: step(1) }]).map((event) => event.id);
      expect(upTo(4)).toEqual([4]);
      expect(upTo(6)).toEqual([4, 5, 6]);
    });
  });

  describe('when the run goes on elsewhere', () => {
    it('ends the subscriptions after what they were shown, without what was staged', async () => {
      const log = new RunEventLog({ firstId: 1 });
      const reader = new Reader(log);
      log.append(START);
      log.stage([step(1)]);
      await settled();
      log.detach();
      expect(await reader.ended).toBe('moved');
      expect(reader.ids).toEqual([1]);
      log.markStored(2);
      const late = new Reader(log);
      expect(await late.ended).toBe('moved');
      expect(late.ids).toEqual([1]);
    });

    it('shows nothing of a batch that was under way: the next owner may give its ids again', async () => {
      const other = new SlowPublisher();
      const log = new RunEventLog({ firstId: 1, publish: other.publish });
      const reader = new Reader(log);
      log.append(START);
      log.append(END);
      log.detach();
      await other.finishOne();
      expect(await reader.ended).toBe('moved');
      expect(reader.ids).toEqual([]);
      expect(other.batches).toEqual([[1]]);
    });

    it('does not give text an id any more that was still being joined', async () => {
      const log = new RunEventLog({ firstId: 1 });
      const reader = new Reader(log);
      log.append(text('a'));
      log.detach();
      await settled();
      expect(await reader.ended).toBe('moved');
      expect(reader.seen).toEqual([]);
    });

    it('stays complete once its last event was shown', async () => {
      const log = new RunEventLog({ firstId: 1 });
      log.append(END);
      log.detach();
      expect(await new Reader(log).ended).toBe('complete');
    });
  });
});
