import { ModelServer } from '../support/model-server/model-server.js';
import { ApiClient, type ChatAnswer } from '../support/perch/api-client.js';
import { readMessages } from '../support/conversation-checks.js';
import { echo, ModelBook, oneTool } from '../support/perch/conversation-script.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { describeWithRedis } from '../support/servers/test-redis.js';

const AGENTS = [
  { name: 'default', answer_cache: { ttl_seconds: 600 } },
  { name: 'faq', answer_cache: { ttl_seconds: 600, shared: true } },
  { name: 'plain' },
];
const NOTHING = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  total_tokens: 0,
  source: 'measured',
};

describeWithRedis('answers that are given again', (redisUrl) => {
  let models: ModelServer;
  let book: ModelBook;
  let first: TestPerch;
  let second: TestPerch;
  let ada: ApiClient;
  let bob: ApiClient;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    const env = { ...compatibleWith(models.url), PERCH_AGENTS: JSON.stringify(AGENTS), REDIS_URL: redisUrl };
    first = await startTestPerch(env);
    second = await startTestPerch(env, first);
    [ada, bob] = [await first.user(), await first.user()];
  });
  afterAll(async () => {
    await second.stop();
    await first.stop();
    await models.stop();
  });
  beforeEach(() => void models.reset().always(echo()));

  let questions = 0;
  const aQuestion = (): string => `Question ${process.pid} ${(questions += 1)}?`;
  const calls = (question: string): number => book.calls(question).length;
  const read = async (client: ApiClient, path: string): Promise<Record<string, unknown>> =>
    (await (await client.get(`/api/v1${path}`)).json()) as Record<string, unknown>;

  it('cost one model call and nothing more, whole and streamed, on every replica', async () => {
    const message = aQuestion();
    const asked = await ada.chat({ message });
    expect(asked).toMatchObject({ content: message, cached: false });
    const again = await ada.chat({ message });
    expect(again).toMatchObject({
      content: message,
      cached: true,
      model: 'test-model',
      finish_reason: 'stop',
      stop_reason: 'finished',
      usage: NOTHING,
      cost_usd: '0.000000',
    });
    const events = await new ApiClient(second.url, ada.token).stream({ message });
    expect(streamedText(events)).toBe(message);
    expect(events.find(({ event }) => event === 'step-end')?.data).toMatchObject({
      usage: NOTHING,
      cost_usd: '0.000000',
    });
    expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { content: message, cached: true } });
    expect(calls(message)).toBe(1);

    const { run_id: runId, session_id: sessionId } = again;
    expect(await read(ada, `/agent/runs/${runId}`)).toMatchObject({
      status: 'completed',
      cached: true,
      usage: NOTHING,
      cost_usd: '0.000000',
    });
    expect(await read(ada, `/agent/runs/${asked.run_id}`)).toMatchObject({ cached: false });
    const ledger = await first.database.dataSource.query<{ run_id: string }[]>(
      'SELECT run_id FROM usage_record WHERE run_id = ANY($1)',
      [[asked.run_id, runId]],
    );
    expect(ledger).toEqual([{ run_id: asked.run_id }]);

    // The conversation has it like any other answer, and goes on from there.
    await ada.chat({ message: `And ${message}`, session_id: sessionId });
    const messages = await readMessages(ada, sessionId);
    expect(messages.map(({ content }) => content)).toEqual([
      message,
      message,
      `And ${message}`,
      `And ${message}`,
    ]);
    expect(await first.metric('answer_cache_total{outcome="hit"}')).toBeGreaterThanOrEqual(1);
  });

  it('are counted as requests all the same', async () => {
    const carl = await first.user();
    const message = aQuestion();
    for (let count = 0; count < 3; count += 1) await carl.chat({ message });
    expect(calls(message)).toBe(1);
    expect(await read(carl, '/usage')).toMatchObject({ windows: { requests_per_minute: { used: 3 } } });
  });

  it('are no other user’s, unless the agent shares them', async () => {
    const message = aQuestion();
    await ada.chat({ message });
    expect(await bob.chat({ message })).toMatchObject({ cached: false });
    expect(calls(message)).toBe(2);
    expect(await bob.chat({ message, agent: 'faq' })).toMatchObject({ cached: false });
    expect(await ada.chat({ message, agent: 'faq' })).toMatchObject({ content: message, cached: true });
    expect(calls(message)).toBe(3);
  });

  it('are asked for anew with other settings, with data of the application, and by agents that want no cache', async () => {
    const message = aQuestion();
    const ask = (body: object = {}): Promise<ChatAnswer> => ada.chat({ message, ...body });
    await ask();
    for (const body of [
      { max_tokens: 50 },
      { temperature: 0 },
      { tools: false },
      ...Array(2).fill({ context: { page: 'a' } }),
      ...Array(2).fill({ agent: 'plain' }),
    ] as object[]) {
      expect(await ask(body)).toMatchObject({ cached: false });
    }
    const asked = models.requests.filter(({ body }) => JSON.stringify(body).includes(message));
    expect(asked).toHaveLength(8);
    expect(await ask()).toMatchObject({ cached: true });
  });

  it('are not those of runs with tools', async () => {
    const message = aQuestion();
    models.always(oneTool('calculator', { expression: '1 + 1' }));
    for (let count = 0; count < 2; count += 1) {
      expect(await ada.chat({ message })).toMatchObject({
        cached: false,
        tool_calls: [{ result: { value: 2 } }],
      });
    }
    expect(calls(message)).toBe(4);
  });

  it('go with their user’s data', async () => {
    const message = aQuestion();
    await bob.chat({ message });
    const { session_id: sessionId } = await ada.chat({ message });
    expect((await ada.delete(`/api/v1/agent/conversations/${sessionId}`)).status).toBe(200);
    expect(await ada.chat({ message })).toMatchObject({ cached: false });
    expect(await bob.chat({ message })).toMatchObject({ cached: true });
  });
});
