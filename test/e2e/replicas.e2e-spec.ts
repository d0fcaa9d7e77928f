import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import {
  echo,
  ModelBook,
  oneTool,
  stepText,
  storyOf,
  storyText,
  threeSteps,
} from '../support/perch/conversation-script.js';
import {
  assertGapFree,
  cutAfter,
  isLast,
  rawText,
  readStream,
  readStreamRaw,
} from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { describeWithRedis } from '../support/servers/test-redis.js';
import { until } from '../support/until.js';

const CHAT_STREAM = '/api/v1/agent/chat/stream';

describe('two replicas over one database', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
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
  beforeEach(() => void models.reset().always(echo()));

  it('are two processes on two addresses', () => {
    expect(one.url).not.toBe(two.url);
    expect(one.pid).not.toBe(two.pid);
    expect(one.logged('perch.started')).toHaveLength(1);
  });

  it('know the same accounts', async () => {
    const ada = await replicas.user();
    const [here, there] = await Promise.all(
      [one, two].map(async (replica) => (await ada.on(replica).get('/api/v1/auth/me')).json()),
    );
    expect(here).toEqual(there);
  });

  it('share conversations and runs', async () => {
    const ada = await replicas.user();
    const first = await ada.on(one).chat({ message: 'first' });
    const second = await ada.on(two).chat({ message: 'second', session_id: first.session_id });
    expect((await ada.on(two).get(`/api/v1/agent/runs/${first.run_id}`)).status).toBe(200);
    expect((await ada.on(one).get(`/api/v1/agent/runs/${second.run_id}`)).status).toBe(200);
    const messages = await readMessages(ada.on(one), first.session_id);
    expectValidConversation(messages);
    expect(messages.map(({ content }) => content)).toEqual(['first', 'first', 'second', 'second']);
    expect(await readMessages(ada.on(two), first.session_id)).toEqual(messages);
  });

  it('answer another’s run and conversation like missing ones, whichever made them', async () => {
    const [ada, bob] = [await replicas.user(), await replicas.user()];
    const { run_id: runId, session_id: sessionId } = await ada.on(one).chat({ message: 'mine' });
    expect((await bob.on(two).get(`/api/v1/agent/runs/${runId}`)).status).toBe(404);
    expect((await bob.on(two).get(`/api/v1/agent/conversations/${sessionId}`)).status).toBe(404);
  });

  it('execute each tool call of a run once', async () => {
    models.always(threeSteps({ chunkSize: 4 }));
    const ada = await replicas.user();
    const { events, isBroken } = await readStreamRaw(await ada.on(one).post(CHAT_STREAM, { message: 'Ada' }));
    expect(isBroken).toBe(false);
    assertGapFree(events.map(({ id }) => id));
    expect(events.findIndex(isLast)).toBe(events.length - 1);
    expect(streamedText(events)).toBe(`${stepText('Ada', 1)}${stepText('Ada', 2)}Ada done`);
    expect(rawText(events.slice(0, 1))).toMatch(/^id: 1\nevent: run-start\ndata: \{.*\}\n\n$/);

    const { run_id: runId, session_id: sessionId } = events[0]!.data;
    const lines = replicas.effects.list('Ada');
    expect(lines.map(({ text }) => text)).toEqual(['Ada 1', 'Ada 2']);
    expect(new Set(lines.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(lines).toEqual(lines.map((line) => ({ ...line, tool: 'append_line', runId, pid: one.pid })));
    expect(book.steps('Ada')).toEqual([1, 2, 3]);
    expect(book.counts('Ada')).toEqual({ arrived: 3, open: 0, completed: 3, aborted: 0 });
    const messages = await readMessages(ada.on(two), sessionId!);
    expectValidConversation(messages);
    expect(messages.map(({ role }) => role).join(' ')).toBe('user assistant tool assistant tool assistant');
  });

  it('have a tool that may be repeated, and one that does not hear when it is told to stop', async () => {
    models.always(oneTool('hang', { ms: 1 }));
    const ada = await replicas.user();
    const { content, tool_calls: calls } = await ada.on(one).chat({ message: 'hang' });
    expect(content).toBe('hang done');
    expect(calls).toMatchObject([{ tool_name: 'hang', result: { waited: true }, is_error: false }]);
    models.always(threeSteps({ tool: 'idempotent_line', toolDelayMs: 1 }));
    await ada.on(two).chat({ message: 'again' });
    expect(replicas.effects.list('again')).toMatchObject([
      { tool: 'idempotent_line', text: 'again 1', pid: two.pid },
      { tool: 'idempotent_line', text: 'again 2', pid: two.pid },
    ]);
  });

  it('close the model’s socket when their reader leaves', async () => {
    models.always(storyOf(2_000, { delayMs: 5 }));
    const ada = await replicas.user();
    const cut = cutAfter(5);
    const response = await ada.on(two).post(CHAT_STREAM, { message: 'a story' }, { signal: cut.signal });
    const events = await cut.take(readStream(response));
    expect(events).toHaveLength(5);
    expect(storyText(2_000).startsWith(streamedText(events))).toBe(true);
    await until(() => book.counts('a story').aborted === 1);
  });

  it('answer what came while they were paused', async () => {
    const ada = await replicas.user();
    one.pause();
    const answer = ada.on(one).chat({ message: 'are you there?' });
    expect((await ada.on(two).chat({ message: 'and you?' })).content).toBe('and you?');
    expect(book.counts('are you there?').arrived).toBe(0);
    one.resume();
    expect((await answer).content).toBe('are you there?');
  });

  it(
    'serve again on the same port after one was killed in the middle of an answer',
    async () => {
      models.always(threeSteps({ delayMs: 20 }));
      const ada = await replicas.user();
      const reading = readStreamRaw(await ada.on(one).post(CHAT_STREAM, { message: 'interrupted' }));
      await replicas.effects.happened('interrupted 1');
      const { url, pid } = one;
      expect(await one.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
      const { events, isBroken } = await reading;
      expect(isBroken).toBe(true);
      expect(events.some(isLast)).toBe(false);
      expect(one.isAlive).toBe(false);

      await one.restart();
      expect(one.url).toBe(url);
      expect(one.pid).not.toBe(pid);
      models.always(echo());
      expect((await ada.on(one).chat({ message: 'back' })).content).toBe('back');
    },
    REPLICAS_TIMEOUT_MS,
  );

  it(
    'end with code 0 when they are asked to',
    async () => {
      expect(await two.terminate()).toEqual({ code: 0, signal: null });
      expect(two.logged('perch.stopped')).toHaveLength(1);
      await two.restart();
    },
    REPLICAS_TIMEOUT_MS,
  );

  it(
    'say why they did not start',
    async () => {
      const starting = startReplicas({ count: 1, env: { PORT: 'harbour' } });
      await expect(starting).rejects.toThrow(/ended with 1 before it had started:\n.*\n.*PORT: must be/);
    },
    REPLICAS_TIMEOUT_MS,
  );
});

describeWithRedis('two replicas over one Redis', (redisUrl) => {
  it(
    'are ready',
    async () => {
      const replicas = await startReplicas({ count: 2, redisUrl });
      for (const replica of replicas.all) {
        await replica.waitForLog('redis.ready');
        expect((await replica.anonymous().get('/health/ready')).status).toBe(200);
      }
      await replicas.stop();
    },
    REPLICAS_TIMEOUT_MS,
  );
});
