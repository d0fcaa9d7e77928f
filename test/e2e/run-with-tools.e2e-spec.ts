import { ModelServer } from '../support/model-server/model-server.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const PRICE = { input: '3', output: '15', cache_read: '0.3', cache_write: '3.75' };
const TEXT = 'Grüße aus Köln — 東京は９時。 👩‍👩‍👧 e\u0301 ☕️ done';

/** How each provider is pointed at the model server. */
const PROVIDERS: Record<string, (url: string) => Record<string, string>> = {
  anthropic: (url) => ({
    AI_PROVIDER: 'anthropic',
    AI_API_KEY: 'test-key',
    AI_BASE_URL: url,
    AI_MODEL: 'claude-test',
    AI_MODELS: JSON.stringify([{ id: 'claude-test', price: PRICE }]),
  }),
  openai: (url) => ({
    AI_PROVIDER: 'openai',
    AI_API_KEY: 'test-key',
    AI_BASE_URL: `${url}/v1`,
    AI_MODEL: 'gpt-test',
    AI_MODELS: JSON.stringify([{ id: 'gpt-test', price: PRICE }]),
  }),
  'openai (Responses)': (url) => ({
    AI_PROVIDER: 'openai',
    AI_API_KEY: 'test-key',
    AI_BASE_URL: `${url}/v1`,
    AI_MODEL: 'gpt-test',
    AI_MODELS: JSON.stringify([{ id: 'gpt-test', price: PRICE, api: 'responses' }]),
  }),
  azure: (url) => ({
    AI_PROVIDER: 'azure',
    AI_API_KEY: 'test-key',
    AI_BASE_URL: url,
    AI_AZURE_DEPLOYMENT: 'my-deployment',
    AI_MODELS: JSON.stringify([{ id: 'my-deployment', price: PRICE }]),
  }),
  'openai-compatible': (url) =>
    compatibleWith(url, { AI_MODELS: JSON.stringify([{ id: 'test-model', price: PRICE }]) }),
};

describe.each(Object.entries(PROVIDERS))('a run with tools over %s', (_name, settings) => {
  let models: ModelServer;
  let perch: TestPerch;

  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(settings(models.url));
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });

  function script(): void {
    models.reset().enqueue(
      {
        text: 'Let me see.',
        toolCalls: [
          { id: 'call_a', name: 'calculator', arguments: { expression: '0.125 * 840' } },
          { id: 'call_b', name: 'current_time', arguments: { timezone: 'Asia/Tokyo' } },
        ],
        usage: { input: 120, output: 30, cacheRead: 20 },
        chunkSize: 3,
      },
      {
        toolCalls: [{ id: 'call_c', name: 'calculator', arguments: { expression: '105 + 1' } }],
        usage: { input: 200, output: 10, cacheRead: 100 },
        chunkSize: 2,
      },
      { text: TEXT, usage: { input: 250, output: 60, cacheRead: 150 }, chunkSize: 1, splitBytes: 5 },
    );
  }

  /** 300 uncached at $3, 270 cached at $0.30, 100 out at $15, per million. */
  const COST = '0.002481';

  it('answers when it ends', async () => {
    script();
    const user = await perch.user();
    const answer = await user.chat({ message: 'What is 12.5% of 840, and one more?' });
    expect(answer).toMatchObject({
      content: TEXT,
      finish_reason: 'stop',
      stop_reason: 'finished',
      usage: {
        input_tokens: 570,
        output_tokens: 100,
        cache_read_tokens: 270,
        total_tokens: 670,
        source: 'measured',
      },
      cost_usd: COST,
    });
    expect(answer.tool_calls.map((call) => [call.tool_call_id, call.tool_name, call.is_error])).toEqual([
      ['call_a', 'calculator', false],
      ['call_b', 'current_time', false],
      ['call_c', 'calculator', false],
    ]);
    expect(answer.tool_calls[0]!.result).toEqual({ value: 105 });
    expect(models.requests).toHaveLength(3);
    expect(models.requests.map((request) => request.refusal)).toEqual([undefined, undefined, undefined]);
  });

  it('streams the same run, event by event', async () => {
    script();
    const user = await perch.user();
    const events = await user.stream({ message: 'What is 12.5% of 840, and one more?' });
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    const kinds = events.map(({ event }) => event).filter((event) => event !== 'text-delta');
    expect(kinds).toEqual([
      'run-start',
      ...['step-start', 'tool-call', 'tool-call', 'tool-result', 'tool-result', 'step-end'],
      ...['step-start', 'tool-call', 'tool-result', 'step-end'],
      ...['step-start', 'step-end'],
      'run-end',
    ]);
    expect(streamedText(events)).toBe(`Let me see.${TEXT}`);
    const end = events.at(-1)!.data;
    expect(end).toMatchObject({ content: TEXT, cost_usd: COST, stop_reason: 'finished' });
    expect(events[0]!.data).toEqual({ run_id: end.run_id, session_id: end.session_id });
  });

  it('keeps the conversation and gives it back to the model', async () => {
    script();
    const user = await perch.user();
    const first = await user.chat({ message: 'What is 12.5% of 840, and one more?' });
    models.enqueue({ text: 'You asked about 840.' });
    const second = await user.chat({ message: 'What did I ask?', session_id: first.session_id });
    expect(second).toMatchObject({ session_id: first.session_id, content: 'You asked about 840.' });
    expect(JSON.stringify(models.lastRequest.body)).toContain('12.5% of 840');
    expect(models.lastRequest.refusal).toBeUndefined();

    const read = await (await user.get(`/api/v1/agent/conversations/${first.session_id}`)).json();
    const messages = (read as { messages: { seq: number; role: string; content: string }[] }).messages;
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'tool', 'assistant', 'tool', 'assistant'],
      ...['user', 'assistant'],
    ]);
    expect(messages[5]!.content).toBe(TEXT);
  });

  it('shows the run with its steps', async () => {
    script();
    const user = await perch.user();
    const answer = await user.chat({ message: 'What is 12.5% of 840, and one more?' });
    const run = (await (await user.get(`/api/v1/agent/runs/${answer.run_id}`)).json()) as {
      steps: { seq: number; kind: string; status: string; tool_name: string | null }[];
    };
    expect(run).toMatchObject({
      status: 'completed',
      stop_reason: 'finished',
      cost_usd: expect.stringMatching(new RegExp(`^${COST}`)),
      usage: { total_tokens: 670, source: 'measured' },
      message_id: answer.message_id,
    });
    expect(run.steps.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      ...['model done', 'tool done', 'tool done'],
      ...['model done', 'tool done'],
      'model done',
    ]);
  });
});
