import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { echo, ModelBook, oneTool, storyOf, storyText } from '../support/perch/conversation-script.js';
import { collect, cutAfter, followRun, readStream } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import { type StreamedEvent, streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
const RUNS = '/api/v1/agent/runs';

interface ReadRun {
  readonly status: string;
  readonly stop_reason: string | null;
  readonly usage: { readonly output_tokens: number; readonly source: string };
}

describe('a run that is to end', () => {
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
    ada = await replicas.user();
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(() => void models.reset().always(storyOf(2_000, { delayMs: 5 })));

  const readRun = async (runId: string): Promise<ReadRun> =>
    (await (await ada.on(two).get(`${RUNS}/${runId}`)).json()) as ReadRun;
  const cancel = async (replica: Replica, runId: string, user = ada): Promise<[number, string]> => {
    const response = await user.on(replica).post(`${RUNS}/${runId}/cancel`);
    const { status } = (await response.json()) as { status: string };
    return [response.status, status];
  };
  const socketClosed = (message: string): Promise<void> =>
    until(() => book.counts(message).aborted === 1, 1_000);

  /** Streams on the first replica, and waits for some text. */
  async function aStory(
    message: string,
  ): Promise<{ seen: StreamedEvent[]; runId: string; ended: Promise<void> }> {
    const seen: StreamedEvent[] = [];
    const response = await ada.on(one).post(`${CHAT}/stream`, { message });
    const ended = (async () => {
      for await (const event of readStream(response)) seen.push(event);
    })();
    await until(() => seen.length > 8);
    return { seen, runId: seen[0]!.data.run_id!, ended };
  }

  it('closes the model’s socket within a second when it is cancelled on the other replica, and keeps the part', async () => {
    const { seen, runId, ended } = await aStory('other side');
    const cancelled = cancel(two, runId);
    await socketClosed('other side');
    expect(await cancelled).toEqual([200, 'cancelled']);
    await ended;
    expect(seen.at(-1)).toMatchObject({ event: 'run-end', data: { stop_reason: 'cancelled' } });
    const run = await readRun(runId);
    expect(run).toMatchObject({
      status: 'cancelled',
      stop_reason: 'cancelled',
      usage: { source: 'estimated' },
    });
    expect(run.usage.output_tokens).toBeGreaterThan(0);
    const messages = await readMessages(ada.on(two), seen[0]!.data.session_id!);
    expectValidConversation(messages);
    expect(messages.at(-1)).toMatchObject({ status: 'incomplete', content: streamedText(seen) });
    expect(storyText(2_000).startsWith(streamedText(seen))).toBe(true);
  });

  it('may be cancelled again, and after its end, without effect', async () => {
    const { runId, ended } = await aStory('again');
    expect(await cancel(one, runId)).toEqual([200, 'cancelled']);
    expect(await cancel(two, runId)).toEqual([200, 'cancelled']);
    await ended;
    models.always(echo());
    const { run_id: done } = await ada.on(one).chat({ message: 'done' });
    expect(await cancel(two, done)).toEqual([200, 'completed']);
  });

  it('is cancelled by its owner alone: to others it does not exist', async () => {
    const bob = await replicas.user();
    const { runId } = await aStory('not yours');
    for (const replica of [one, two]) {
      const response = await bob.on(replica).post(`${RUNS}/${runId}/cancel`);
      expect(response.status).toBe(404);
      const missing = await bob.on(replica).post(`${RUNS}/01a2126a-0000-7000-8000-000000000000/cancel`);
      const { instance: _1, request_id: _2, ...theirs } = (await response.json()) as Record<string, unknown>;
      const { instance: _3, request_id: _4, ...none } = (await missing.json()) as Record<string, unknown>;
      expect(theirs).toEqual(none);
    }
    expect((await readRun(runId)).status).toBe('running');
    await cancel(one, runId);
  });

  it.each(['/stream', ''])(
    'closes the model’s socket within a second when its client leaves (chat%s)',
    async (path) => {
      const leave = new AbortController();
      const message = `leaves${path}`;
      const asking = ada.on(one).post(`${CHAT}${path}`, { message }, { signal: leave.signal });
      asking.catch(() => undefined);
      await until(() => book.counts(message).open === 1);
      leave.abort();
      await socketClosed(message);
    },
  );

  it.each(['/stream', ''])('goes on without its client when that wants it (chat%s)', async (path) => {
    models.always(storyOf(60, { delayMs: 5 }));
    const leave = new AbortController();
    const message = `continues${path}`;
    const body = { message, on_disconnect: 'continue' };
    const asking = ada.on(one).post(`${CHAT}${path}`, body, { signal: leave.signal });
    asking.catch(() => undefined);
    await until(() => book.counts(message).open === 1);
    leave.abort();
    await until(() => book.counts(message).completed === 1);
    const list = (await (
      await ada.on(two).get(`/api/v1/agent/conversations?q=${encodeURIComponent(message)}`)
    ).json()) as {
      conversations: { session_id: string; title: string }[];
    };
    const { session_id: sessionId } = list.conversations.find(({ title }) => title === message)!;
    await until(async () => (await readMessages(ada.on(two), sessionId)).length === 2);
    const messages = await readMessages(ada.on(two), sessionId);
    expect(messages.at(-1)).toMatchObject({ status: 'complete', content: storyText(60) });
  });

  it('is told to its tools, and every call is answered', async () => {
    models.always(oneTool('append_line', { text: 'slow tool', delay_ms: 30_000 }));
    const cut = cutAfter(({ event }) => event === 'tool-call');
    const body = { message: 'slow', on_disconnect: 'continue' };
    const head = await cut.take(
      readStream(await ada.on(one).post(`${CHAT}/stream`, body, { signal: cut.signal })),
    );
    await replicas.effects.happened('slow tool');
    const { run_id: runId, session_id: sessionId } = head[0]!.data;
    expect(await cancel(two, runId!)).toEqual([200, 'cancelled']);
    expectValidConversation(await readMessages(ada.on(one), sessionId!));
    const { events } = await collect(followRun(ada.on(two), runId!));
    expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { stop_reason: 'cancelled' } });
    expect(events.find(({ event }) => event === 'tool-result')).toMatchObject({ data: { is_error: true } });
  });

  it('is ended when it waits for somebody’s decision', async () => {
    models.always(oneTool('append_line', { text: 'decision', delay_ms: 30_000 }));
    const cut = cutAfter(({ event }) => event === 'tool-call');
    const body = { message: 'waits', on_disconnect: 'continue' };
    const head = await cut.take(
      readStream(await ada.on(one).post(`${CHAT}/stream`, body, { signal: cut.signal })),
    );
    const { run_id: runId, session_id: sessionId } = head[0]!.data;
    await replicas.effects.happened('decision');
    await replicas.database.dataSource.query(
      `UPDATE run SET status = 'waiting', owner = NULL, epoch = epoch + 1 WHERE id = $1`,
      [runId],
    );
    const refused = await ada.on(two).post(CHAT, { message: 'meanwhile', session_id: sessionId });
    expect([refused.status, await refused.json()]).toMatchObject([409, { active_run_id: runId }]);
    expect(await cancel(two, runId!)).toEqual([200, 'cancelled']);
    expectValidConversation(await readMessages(ada.on(one), sessionId!));
    models.always(echo());
    expect((await ada.on(one).chat({ message: 'free', session_id: sessionId })).content).toBe('free');
  });

  it('ends when its conversation is erased on the other replica', async () => {
    const { seen, runId, ended } = await aStory('erased');
    await ada.on(two).delete(`/api/v1/agent/conversations/${seen[0]!.data.session_id}`);
    await socketClosed('erased');
    await ended;
    expect((await ada.on(one).get(`${RUNS}/${runId}`)).status).toBe(404);
  });
});
