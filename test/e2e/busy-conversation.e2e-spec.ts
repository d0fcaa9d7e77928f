import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { echo, ModelBook, storyOf, threeSteps } from '../support/perch/conversation-script.js';
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
const RUNS = '/api/v1/agent/runs';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly run_id?: string;
    readonly session_id?: string;
    readonly code?: string;
    readonly active_run_id?: string;
    readonly stop_reason?: string;
    readonly content?: string;
  };
}

describe('messages into a busy conversation', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  let sessionId: string;
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
    models.reset().always(echo());
    ada = await replicas.user();
    ({ session_id: sessionId } = await ada.on(one).chat({ message: 'hello' }));
  });

  async function send(replica: Replica, message: string, onConflict: string, path = CHAT): Promise<Answer> {
    const body = { message, session_id: sessionId, on_conflict: onConflict };
    const response = await ada.on(replica).post(path, body);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  const twenty = (onConflict: string): Promise<Answer[]> =>
    Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        send(index % 2 === 0 ? one : two, `message ${index}`, onConflict),
      ),
    );

  it('F42: are refused but one with reject, and told which run is active', async () => {
    models.always(storyOf(60, { delayMs: 10 }));
    const answers = await twenty('reject');
    const accepted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 409);
    expect([accepted.length, refused.length]).toEqual([1, 19]);
    for (const { body } of refused) {
      expect(body).toMatchObject({ code: 'run_conflict', active_run_id: accepted[0]!.body.run_id });
    }
    const messages = await readMessages(ada.on(two), sessionId);
    expectValidConversation(messages);
    expect(messages).toHaveLength(4);
  });

  it('are all answered one after the other with enqueue, in the order of their arrival', async () => {
    models.always(threeSteps());
    const answers = await twenty('enqueue');
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const messages = await readMessages(ada.on(one), sessionId);
    expectValidConversation(messages);
    expect(messages).toHaveLength(2 + 20 * 6);
    const turns = messages.filter(({ role, seq }) => role === 'user' && seq > 1);
    const rows = await replicas.database.dataSource.query<{ id: string }[]>(
      'SELECT id FROM run WHERE conversation_id = $1 ORDER BY ordinal',
      [sessionId],
    );
    expect(turns.map(({ run_id: runId }) => runId)).toEqual(rows.slice(1).map(({ id }) => id));
    for (const { status, body } of answers) expect([status, body.stop_reason]).toEqual([200, 'finished']);
  });

  it('keep their order with enqueue when they come one after the other', async () => {
    models.always(storyOf(20, { delayMs: 5 }));
    const sent: Promise<Answer>[] = [];
    for (let index = 0; index < 6; index += 1) {
      sent.push(send(index % 2 === 0 ? one : two, `nth ${index}`, 'enqueue'));
      await until(async () => (await runs()).length === index + 2);
    }
    await Promise.all(sent);
    const messages = await readMessages(ada.on(one), sessionId);
    const said = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
    expect(said).toEqual(['hello', ...Array.from({ length: 6 }, (_, index) => `nth ${index}`)]);
  });

  it('are won by the last with interrupt; the others end as cancelled and stay readable', async () => {
    models.always(storyOf(40, { delayMs: 5 }));
    const answers = await twenty('interrupt');
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const all = (await runs()).slice(1);
    expect(all).toHaveLength(20);
    expect(all.at(-1)!.status).toBe('completed');
    const winner = answers.find(({ body }) => body.run_id === all.at(-1)!.id)!;
    expect(winner.body.stop_reason).toBe('finished');
    const messages = await readMessages(ada.on(two), sessionId);
    expectValidConversation(messages);
    expect(messages.at(-1)).toMatchObject({ run_id: winner.body.run_id, status: 'complete' });
    // Only such may have been completed as ended before the next came.
    const completed = all.filter(({ status }) => status === 'completed');
    expect(completed.length).toBeLessThan(10);
  });

  it('interrupt a run that is in the middle of its answer at once', async () => {
    models.always(storyOf(2_000, { delayMs: 5 }));
    const first = send(one, 'long', 'reject');
    await until(() => book.counts('long').open === 1);
    models.always(echo());
    const second = await send(two, 'stop, do this', 'interrupt');
    expect(second).toMatchObject({
      status: 200,
      body: { stop_reason: 'finished', content: 'stop, do this' },
    });
    expect(await first).toMatchObject({ status: 200, body: { stop_reason: 'cancelled' } });
    expect(book.counts('long')).toMatchObject({ aborted: 1 });
    const messages = await readMessages(ada.on(one), sessionId);
    expectValidConversation(messages);
    expect(messages.map(({ status }) => status).join(' ')).toBe(
      'complete complete complete incomplete complete complete',
    );
  });

  it('take a message back that was cancelled while it waited', async () => {
    models.always(storyOf(200, { delayMs: 5 }));
    const first = send(one, 'busy', 'reject');
    await until(() => book.counts('busy').open === 1);
    const waiting = await send(two, 'never mind', 'enqueue', RUNS);
    expect(waiting).toMatchObject({ status: 202, body: { status: 'queued' } });
    const cancelled = await ada.on(one).post(`${RUNS}/${waiting.body.run_id}/cancel`);
    expect([cancelled.status, await cancelled.json()]).toMatchObject([200, { status: 'cancelled' }]);
    expect((await first).status).toBe(200);
    const messages = await readMessages(ada.on(one), sessionId);
    expect(messages.map(({ content }) => content)).not.toContain('never mind');
    const events = await (await ada.on(two).get(`${RUNS}/${waiting.body.run_id}/events`)).text();
    expect(events).toContain('event: run-end');
    expect(book.counts('never mind').arrived).toBe(0);
    // The place in the queue is free again.
    expect((await send(two, 'next', 'reject')).status).toBe(200);
  });

  it('never lock each other out', async () => {
    const [{ deadlocks }] = await replicas.database.dataSource.query<[{ deadlocks: string }]>(
      'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(Number(deadlocks)).toBe(0);
  });

  it(
    'are limited in number',
    async () => {
      const limited = await startReplicas({
        count: 1,
        env: {
          ...compatibleWith(models.url),
          PERCH_MAX_QUEUED_RUNS_PER_USER: '2',
          PERCH_BACKGROUND_CONCURRENCY: '1',
          PERCH_BACKGROUND_RUNS_PER_USER: '1',
        },
      });
      try {
        models.always(storyOf(500, { delayMs: 5 }));
        const [only] = limited.all as [Replica];
        const user = await limited.user();
        const statuses: number[] = [];
        for (let index = 0; index < 4; index += 1) {
          const response = await user.on(only).post(RUNS, { message: `wait ${index}` });
          const body = (await response.json()) as { scope?: string; run_id?: string };
          if (response.status === 429)
            expect(body).toMatchObject({ code: 'rate_limited', scope: 'queued_runs', limit: 2 });
          if (index === 0) await until(() => book.counts('wait 0').open === 1);
          statuses.push(response.status);
        }
        expect(statuses).toEqual([202, 202, 202, 429]);
      } finally {
        await limited.stop();
      }
    },
    REPLICAS_TIMEOUT_MS,
  );

  async function runs(): Promise<{ id: string; status: string }[]> {
    return replicas.database.dataSource.query(
      'SELECT id, status FROM run WHERE conversation_id = $1 ORDER BY ordinal',
      [sessionId],
    );
  }
});
