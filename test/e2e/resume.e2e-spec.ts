import { ModelServer } from '../support/model-server/model-server.js';
import { ModelBook, threeSteps } from '../support/perch/conversation-script.js';
import {
  assertGapFree,
  collect,
  cutAfter,
  followRun,
  isLast,
  rawText,
  readStream,
} from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import type { StreamedEvent } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../support/servers/own-redis.js';

const CHAT_STREAM = '/api/v1/agent/chat/stream';

describeWithOwnRedis('F57: a stream that was cut', () => {
  let redis: OwnRedis;
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  beforeAll(async () => {
    redis = await startOwnRedis();
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({ count: 2, env: compatibleWith(models.url), redisUrl: redis.url });
    [one, two] = replicas.all as [Replica, Replica];
    ada = await replicas.user();
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
    await redis.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(() => void models.reset());

  /** Cuts a running stream after `count` events and follows the run on the other replica to its end. */
  async function cutAndResume(message: string, count: number): Promise<StreamedEvent[]> {
    const cut = cutAfter(count);
    const body = { message, on_disconnect: 'continue' };
    const response = await ada.on(one).post(CHAT_STREAM, body, { signal: cut.signal });
    const head = await cut.take(readStream(response));
    if (isLast(head.at(-1)!)) return head;
    const { run_id: runId } = head[0]!.data;
    const { events, isBroken } = await collect(
      followRun(ada.on(two), runId!, { lastEventId: head.at(-1)!.id }),
    );
    expect(isBroken).toBe(false);
    return [...head, ...events];
  }

  async function uncut(runId: string): Promise<readonly StreamedEvent[]> {
    return (await collect(followRun(ada.on(one), runId))).events;
  }

  it('is continued on the other replica after every event, byte for byte, while the run goes on', async () => {
    models.always(threeSteps({ delayMs: 2, chunkSize: 20 }));
    let longest = 1;
    for (let count = 1; count <= longest; count += 1) {
      const events = await cutAndResume(`cut ${count}`, count);
      longest = Math.max(longest, events.length);
      assertGapFree(events.map(({ id }) => id));
      expect(events.findIndex(isLast)).toBe(events.length - 1);
      const { run_id: runId } = events[0]!.data;
      expect(rawText(events)).toBe(rawText(await uncut(runId!)));
      expect(book.counts(`cut ${count}`)).toMatchObject({ arrived: 3, completed: 3 });
    }
    expect(longest).toBeGreaterThan(15);
  }, 60_000);

  it('is the same after the run, from every event, on every replica, also when Redis has lost everything', async () => {
    models.always(threeSteps({ chunkSize: 20 }));
    const whole = (await collect(readStream(await ada.on(one).post(CHAT_STREAM, { message: 'later' }))))
      .events;
    const { run_id: runId } = whole[0]!.data;
    await redis.flush();
    for (const replica of [one, two]) {
      for (let seen = 0; seen <= whole.length; seen += 1) {
        const rest = await collect(followRun(ada.on(replica), runId!, { lastEventId: seen }));
        expect(rawText(rest.events)).toBe(rawText(whole.slice(seen)));
      }
    }
  }, 60_000);

  it('goes on when Redis loses everything in the middle of the run', async () => {
    models.always(threeSteps({ delayMs: 5, chunkSize: 5 }));
    for (const count of [2, 5, 9, 14, 20, 28]) {
      const cut = cutAfter(count);
      const body = { message: `flushed ${count}`, on_disconnect: 'continue' };
      const response = await ada.on(one).post(CHAT_STREAM, body, { signal: cut.signal });
      const head = await cut.take(readStream(response));
      await redis.flush();
      const { run_id: runId } = head[0]!.data;
      const { events } = await collect(followRun(ada.on(two), runId!, { lastEventId: head.at(-1)!.id }));
      const all = [...head, ...events];
      assertGapFree(all.map(({ id }) => id));
      expect(rawText(all)).toBe(rawText(await uncut(runId!)));
    }
  }, 60_000);

  it('may be followed by many at once, each at its own place', async () => {
    models.always(threeSteps({ delayMs: 5, chunkSize: 5 }));
    const response = await ada.on(one).post(CHAT_STREAM, { message: 'crowd' });
    const whole: StreamedEvent[] = [];
    const followers: Promise<{ from: number; text: string }>[] = [];
    for await (const event of readStream(response)) {
      whole.push(event);
      const { run_id: runId } = whole[0]!.data;
      if (event.id % 4 === 0) {
        const from = event.id - 2;
        const client = ada.on(event.id % 8 === 0 ? one : two);
        followers.push(
          collect(followRun(client, runId!, { lastEventId: from })).then(({ events }) => ({
            from,
            text: rawText(events),
          })),
        );
      }
    }
    expect(followers.length).toBeGreaterThan(5);
    for (const { from, text } of await Promise.all(followers)) expect(text).toBe(rawText(whole.slice(from)));
  }, 30_000);

  it('is not shown to anybody else, and takes no id that is none', async () => {
    models.always(threeSteps());
    const { run_id: runId } = await ada.on(one).chat({ message: 'mine' });
    const bob = await replicas.user();
    const path = `/api/v1/agent/runs/${runId}/events`;
    expect((await bob.on(two).get(path)).status).toBe(404);
    for (const id of ['x', '-1', '1.5', '99999999999']) {
      const refused = await ada.on(two).get(path, { 'last-event-id': id });
      expect([id, refused.status]).toEqual([id, 422]);
      await refused.text();
    }
    const nothing = await ada.on(two).get(path, { 'last-event-id': '100000' });
    expect([nothing.status, await nothing.text()]).toEqual([200, '']);
  });
});
