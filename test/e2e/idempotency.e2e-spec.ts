import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { echo, ModelBook, oneTool, storyOf, threeSteps } from '../support/perch/conversation-script.js';
import { assertGapFree, collect, cutAfter, rawText, readStream } from '../support/perch/follow-run.js';
import type { ApiClient, ChatAnswer } from '../support/perch/api-client.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
const STREAM = `${CHAT}/stream`;
const RUNS = '/api/v1/agent/runs';

let keys = 0;
const freshKey = (): string => `key-${process.pid}-${(keys += 1)}`;

interface Answered {
  readonly status: number;
  readonly replayed: string | null;
  readonly remaining: string | null;
  readonly text: string;
}

describe('a request with an Idempotency-Key', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({ count: 2, env: compatibleWith(models.url) });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(async () => {
    models.reset().always(echo({ delayMs: 20 }));
    ada = await replicas.user();
  });

  async function send(client: ApiClient, path: string, key: string, body: object): Promise<Answered> {
    const response = await client.post(path, body, { headers: { 'idempotency-key': key } });
    return {
      status: response.status,
      replayed: response.headers.get('idempotent-replayed'),
      remaining: response.headers.get('x-ratelimit-remaining'),
      text: await response.text(),
    };
  }

  it('F38: makes one run of fifty at once over two replicas, with one model call and fifty equal answers', async () => {
    const key = freshKey();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        send(ada.on(index % 2 === 0 ? one : two), CHAT, key, { message: 'fifty times' }),
      ),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(200);
    expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(book.counts('fifty times')).toMatchObject({ arrived: 1, completed: 1 });
    const { session_id: sessionId } = JSON.parse(answers[0]!.text) as ChatAnswer;
    expect(await readMessages(ada.on(two), sessionId)).toHaveLength(2);
  });

  it('F37: is answered again with the stored answer, spending nothing', async () => {
    const key = freshKey();
    const body = { message: 'once', context: { a: 1, b: [2] } };
    const first = await send(ada.on(one), CHAT, key, body);
    const again = await send(ada.on(two), CHAT, key, { context: { b: [2], a: 1 }, message: 'once' });
    expect(again).toMatchObject({ status: 200, replayed: 'true', text: first.text });
    expect(first).toMatchObject({ status: 200, replayed: null });
    expect(book.counts('once').arrived).toBe(1);
    const other = await send(ada.on(two), CHAT, freshKey(), { message: 'another' });
    expect(other.replayed).toBeNull();
    expect(Number((await send(ada.on(one), CHAT, freshKey(), { message: 'third' })).remaining)).toBe(
      Number(first.remaining) - 2,
    );
  });

  it('F39: is refused with another body, whether or not the first run goes on', async () => {
    models.always(storyOf(100, { delayMs: 5 }));
    const key = freshKey();
    const first = send(ada.on(one), CHAT, key, { message: 'this' });
    await until(() => book.counts('this').open === 1);
    const during = await send(ada.on(two), CHAT, key, { message: 'that' });
    expect([during.status, JSON.parse(during.text)]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
    expect((await first).status).toBe(200);
    const after = await send(ada.on(one), CHAT, key, { message: 'that' });
    expect([after.status, JSON.parse(after.text)]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
    expect(book.counts('that').arrived).toBe(0);
  });

  it('F40: has a key of its own: another user’s is another', async () => {
    const bob = await replicas.user();
    const key = freshKey();
    const [hers, his] = await Promise.all([
      send(ada.on(one), CHAT, key, { message: 'same words' }),
      send(bob.on(two), CHAT, key, { message: 'same words' }),
    ]);
    expect([hers.replayed, his.replayed]).toEqual([null, null]);
    expect((JSON.parse(hers.text) as ChatAnswer).run_id).not.toBe(
      (JSON.parse(his.text) as ChatAnswer).run_id,
    );
    expect((await send(bob.on(one), CHAT, key, { message: 'her words' })).status).toBe(422);
  });

  it('gives a stream again from its first event, in the middle and afterwards', async () => {
    models.always(threeSteps({ delayMs: 10 }));
    const headers = { 'idempotency-key': freshKey() };
    const body = { message: 'streamed' };
    const cut = cutAfter(6);
    const head = await cut.take(
      readStream(await ada.on(one).post(STREAM, body, { headers, signal: cut.signal })),
    );
    // Who sends a key may come back: the run goes on.
    const during = await collect(readStream(await ada.on(two).post(STREAM, body, { headers })));
    const after = await ada.on(one).post(STREAM, body, { headers });
    expect(after.headers.get('idempotent-replayed')).toBe('true');
    const { events } = await collect(readStream(after));
    assertGapFree(events.map(({ id }) => id));
    expect(rawText(during.events)).toBe(rawText(events));
    expect(rawText(events).startsWith(rawText(head))).toBe(true);
    expect(book.steps('streamed')).toEqual([1, 2, 3]);
    expect(replicas.effects.texts('streamed ')).toEqual(['streamed 1', 'streamed 2']);
  });

  it('makes one background run', async () => {
    const key = freshKey();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        send(ada.on(index % 2 === 0 ? one : two), RUNS, key, { message: 'behind' }),
      ),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(202);
    await until(() => book.counts('behind').completed === 1);
    expect(book.counts('behind').arrived).toBe(1);
  });

  it('gives the problem of a failed run again', async () => {
    models.always(() => ({ fault: { status: 400 } }));
    const key = freshKey();
    const first = await send(ada.on(one), CHAT, key, { message: 'fails' });
    expect(first.status).toBeGreaterThanOrEqual(500);
    const again = await send(ada.on(two), CHAT, key, { message: 'fails' });
    expect(again).toMatchObject({ status: first.status, replayed: 'true' });
    expect((JSON.parse(again.text) as { code: string }).code).toBe(
      (JSON.parse(first.text) as { code: string }).code,
    );
    expect(book.counts('fails').arrived).toBe(1);
  });

  it('may be sent again when it was refused', async () => {
    const key = freshKey();
    const refused = await send(ada.on(one), CHAT, key, { message: 'now', agent: 'nobody' });
    expect(refused.status).toBe(422);
    await until(async () => (await send(ada.on(one), CHAT, key, { message: 'now' })).status === 200);
    for (const bad of ['', ' ', 'ä', 'x'.repeat(256)]) {
      const response = await ada
        .on(one)
        .post(CHAT, { message: 'now' }, { headers: { 'idempotency-key': bad } })
        .catch(() => undefined);
      expect([bad, response?.status]).toEqual([bad, bad === 'ä' && !response ? undefined : 422]);
    }
  });

  it(
    'F41: is answered once when the process of the first request was killed, and after a restart of all',
    async () => {
      models.always(oneTool('append_line', { text: 'killed line', delay_ms: 500 }));
      const key = freshKey();
      const body = { message: 'killed' };
      const lost = send(ada.on(one), CHAT, key, body).then(
        () => 'answered',
        () => 'lost',
      );
      await replicas.effects.happened('killed line');
      await one.kill9();
      expect(await lost).toBe('lost');
      const retried = await send(ada.on(two), CHAT, key, body);
      expect(retried).toMatchObject({ status: 200, replayed: 'true' });
      expect(replicas.effects.texts('killed line')).toHaveLength(1);
      const { session_id: sessionId, content } = JSON.parse(retried.text) as ChatAnswer;
      expect(content).toBe('killed done');
      expectValidConversation(await readMessages(ada.on(two), sessionId));
      await two.kill9();
      await Promise.all([one.restart(), two.restart()]);
      for (const replica of [one, two]) {
        expect(await send(ada.on(replica), CHAT, key, body)).toMatchObject({
          status: 200,
          text: retried.text,
        });
      }
    },
    REPLICAS_TIMEOUT_MS,
  );
});
