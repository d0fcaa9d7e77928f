import { ModelServer } from '../support/model-server/model-server.js';
import { streamedText } from '../support/perch/sse-client.js';
import { until } from '../support/until.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const MODELS = JSON.stringify([
  { id: 'test-model', price: { input: '1', output: '2' } },
  { id: 'second-model', price: { input: '1', output: '2' } },
]);

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** What a provider can do wrong, and what a caller must see of it (F01 to F14). */
describe('a provider that fails', () => {
  let models: ModelServer;
  let perch: TestPerch | undefined;

  beforeAll(async () => {
    models = await ModelServer.start();
  });
  afterAll(() => models.stop());
  beforeEach(() => void models.reset());
  afterEach(async () => {
    await perch?.stop();
    perch = undefined;
  });

  /** Each case has its own application: retry budget and breaker start fresh. */
  async function start(env: Record<string, string> = {}): Promise<TestPerch> {
    perch = await startTestPerch(compatibleWith(models.url, { AI_MODELS: MODELS, ...env }));
    return perch;
  }

  async function refusedChat(app: TestPerch): Promise<{ problem: Problem; headers: Headers }> {
    const response = await (await app.user()).post('/api/v1/agent/chat', { message: 'hi' });
    expect(response.status).not.toBe(200);
    return { problem: (await response.json()) as Problem, headers: response.headers };
  }

  it('F01: waits as long as Retry-After says, then answers', async () => {
    models.enqueue({ fault: { status: 429, headers: { 'retry-after': '1' } } }, { text: 'Here.' });
    const app = await start();
    const answer = await (await app.user()).chat({ message: 'hi' });
    expect(answer.content).toBe('Here.');
    expect(models.requests[1]!.receivedAt - models.requests[0]!.receivedAt).toBeGreaterThanOrEqual(1000);
    expect(await app.metric('provider_retries_total{provider="openai-compatible",reason="429"}')).toBe(1);
  });

  it('F01: asks the fallback at once when the wait is longer than the deadline', async () => {
    models
      .enqueue({
        fault: { status: 429, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } },
      })
      .enqueue({ text: 'From the second.' });
    const app = await start({ AI_REQUEST_TIMEOUT_MS: '10000', AI_FALLBACK_MODELS: 'second-model' });
    const answer = await (await app.user()).chat({ message: 'hi' });
    expect(answer).toMatchObject({ content: 'From the second.', model: 'second-model' });
    expect(models.requests).toHaveLength(2);
  });

  it('F01: without a fallback answers 503 with Retry-After, never 429', async () => {
    models.always({ fault: { status: 429, headers: { 'retry-after': '30' } } });
    const { problem, headers } = await refusedChat(await start({ AI_REQUEST_TIMEOUT_MS: '10000' }));
    expect(problem).toMatchObject({ status: 503, code: 'provider_unavailable' });
    expect(Number(headers.get('retry-after'))).toBe(30);
    expect(models.requests).toHaveLength(1);
  });

  it('F02: tries an overloaded model twice more, then the fallback', async () => {
    const overloaded = { fault: { status: 529 } };
    models.enqueue(overloaded, overloaded, overloaded, { text: 'From the second.' });
    const app = await start({ AI_FALLBACK_MODELS: 'second-model' });
    const answer = await (await app.user()).chat({ message: 'hi' });
    expect(answer).toMatchObject({ content: 'From the second.', model: 'second-model' });
    expect(models.requests.map(({ body }) => body.model)).toEqual([
      ...['test-model', 'test-model', 'test-model'],
      'second-model',
    ]);
  });

  it.each([
    [400, 502, 'provider_bad_response', 1],
    [422, 502, 'provider_bad_response', 1],
    [404, 502, 'provider_bad_response', 2],
    [401, 500, 'internal', 2],
    [403, 500, 'internal', 2],
  ])('F03: does not retry a %i and answers %i', async (status, outside, code, calls) => {
    models.always({ fault: { status, body: { error: { message: 'the key sk-canary-4711 is wrong' } } } });
    const app = await start({ AI_FALLBACK_MODELS: 'second-model' });
    const { problem } = await refusedChat(app);
    expect(problem).toMatchObject({ status: outside, code });
    expect(JSON.stringify(problem)).not.toContain('canary');
    // The same input fails everywhere; a bad key or an unknown model does not.
    expect(models.requests).toHaveLength(calls);
    const alerts = await app.metric('provider_auth_failures_total{provider="openai-compatible"}');
    expect(alerts > 0).toBe(status === 401 || status === 403);
  });

  it('F04: stops asking a provider that is down, bounds the retries, and recovers by itself', async () => {
    models.always({ fault: { status: 500 } });
    const app = await start({ AI_BREAKER_OPEN_MS: '300' });
    const user = await app.user();
    const clients = 50;
    const statuses = await Promise.all(
      Array.from(
        { length: clients },
        async () => (await user.post('/api/v1/agent/chat', { message: 'hi' })).status,
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(models.requests.length).toBeLessThanOrEqual(clients * 1.2);

    models.reset().always({ text: 'Back.' });
    await until(async () => (await user.post('/api/v1/agent/chat', { message: 'hi' })).status === 200);
  });

  it('F05: tries again after a reset before the headers, and charges once', async () => {
    models.enqueue(
      { fault: { resetBeforeHeaders: true } },
      { text: 'Here.', usage: { input: 10, output: 5 } },
    );
    const answer = await (await (await start()).user()).chat({ message: 'hi' });
    expect(answer).toMatchObject({ content: 'Here.', usage: { total_tokens: 15 }, cost_usd: '0.000020' });
    expect(models.requests).toHaveLength(2);
  });

  it('F06: a reset in the middle of an answer ends the run, keeps the part and never repeats a token', async () => {
    models.enqueue({ text: 'one two three four five', chunkSize: 4, fault: { resetAfterEvents: 4 } });
    const app = await start();
    const user = await app.user();
    const events = await user.stream({ message: 'count' });
    const { event, data } = events.at(-1)!;
    expect(event).toBe('run-error');
    expect(data).toMatchObject({ partial: true, problem: { code: 'provider_unavailable', status: 503 } });
    expect(data.usage).toMatchObject({ source: 'estimated' });
    expect((data.usage as { output_tokens: number; input_tokens: number }).output_tokens).toBeGreaterThan(0);
    expect((data.usage as { input_tokens: number }).input_tokens).toBeGreaterThan(0);
    expect(models.requests).toHaveLength(1);

    const conversation = await (await user.get(`/api/v1/agent/conversations/${data.session_id}`)).json();
    const kept = (conversation as { messages: { content: string; status: string }[] }).messages[1]!;
    expect(kept).toMatchObject({ status: 'incomplete', content: streamedText(events) });
    expect(kept.content).not.toBe('');

    models.enqueue({ text: 'Going on.' });
    const next = await user.chat({ message: 'go on', session_id: data.session_id });
    expect(next.content).toBe('Going on.');
    expect(models.lastRequest.refusal).toBeUndefined();
  });

  it('F07: ends a stream that stalls, and closes its socket', async () => {
    models.enqueue({ text: 'one two three', chunkSize: 4, fault: { stallAfterEvents: 3 } });
    const app = await start({ AI_STALL_TIMEOUT_MS: '200' });
    const events = await (await app.user()).stream({ message: 'hi' });
    expect(events.at(-1)).toMatchObject({
      event: 'run-error',
      data: { partial: true, problem: { code: 'provider_timeout', status: 504 } },
    });
    expect(await models.lastRequest.closed).toEqual({ byClient: true });
    expect(await app.metric('agent_active_conversations')).toBe(0);
  });

  it('F07: lets a slow stream live as long as it gives a sign', async () => {
    models.enqueue({ text: 'slow but alive', chunkSize: 5, delayMs: 120, comments: true });
    const app = await start({ AI_STALL_TIMEOUT_MS: '400' });
    expect((await (await app.user()).chat({ message: 'hi' })).content).toBe('slow but alive');
  });

  it('F08: counts headers that never come as a timeout and asks the fallback', async () => {
    models.enqueue(
      { fault: { neverHeaders: true } },
      { fault: { neverHeaders: true } },
      { fault: { neverHeaders: true } },
      { text: 'From the second.' },
    );
    const app = await start({ AI_FIRST_TOKEN_TIMEOUT_MS: '100', AI_FALLBACK_MODELS: 'second-model' });
    const answer = await (await app.user()).chat({ message: 'hi' });
    expect(answer).toMatchObject({ content: 'From the second.', model: 'second-model' });
  });

  it('F08: answers 504 when nothing comes at all', async () => {
    models.always({ fault: { neverHeaders: true } });
    const { problem } = await refusedChat(
      await start({ AI_FIRST_TOKEN_TIMEOUT_MS: '50', AI_REQUEST_TIMEOUT_MS: '1500' }),
    );
    expect(problem).toMatchObject({ status: 504, code: 'provider_timeout' });
  });

  it('F09: reads any good stream, however it is cut', async () => {
    const text = 'Ünïcödé 東京 👩‍👩‍👧 "quoted" \\ back\nslash';
    models.enqueue({
      text,
      chunkSize: 1,
      splitBytes: 1,
      crlf: true,
      comments: true,
      tightData: true,
      omitDone: true,
    });
    expect((await (await (await start()).user()).chat({ message: 'hi' })).content).toBe(text);
  });

  it.each([
    [
      'a line that is no JSON',
      'data: {"id":"x","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: {"id":"x","cho\n\n',
    ],
    [
      'an event of 2 MB',
      `data: {"id":"x","choices":[{"index":0,"delta":{"content":"${'x'.repeat(2_000_000)}"}}]}\n\n`,
    ],
  ])('F09: answers %s with one typed error', async (_what, rawSse) => {
    models.always({ fault: { rawSse } });
    const events = await (await (await start()).user()).stream({ message: 'hi' });
    expect(events.at(-1)).toMatchObject({
      event: 'run-error',
      data: { problem: { code: 'provider_bad_response', status: 502 } },
    });
  });

  it('F09: gives up on an answer that does not end', async () => {
    const event = `data: {"id":"${'x'.repeat(500_000)}","choices":[{"index":0,"delta":{"content":"more "}}]}\n\n`;
    models.always({ fault: { rawSse: event.repeat(140) } });
    const response = await (await (await start()).user()).post('/api/v1/agent/chat', { message: 'hi' });
    expect([response.status, await response.json()]).toEqual([
      502,
      expect.objectContaining({ code: 'provider_bad_response' }),
    ]);
  }, 20_000);

  it('F10: counts itself when the vendor reports nothing, or only zeros', async () => {
    const user = await (await start()).user();
    for (const usage of [null, { input: 0, output: 0 }]) {
      models.enqueue({ text: 'An answer that was not free.', usage });
      const answer = await user.chat({ message: 'hi' });
      expect(answer.usage.source).toBe('estimated');
      expect(answer.usage.output_tokens).toBeGreaterThan(0);
      expect(Number(answer.cost_usd)).toBeGreaterThan(0);
    }
  });

  it.each([
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['something_new', 'other'],
  ])('F11: passes the finish reason %s on', async (finish, expected) => {
    models.enqueue({ text: 'I could', finish });
    const answer = await (await (await start()).user()).chat({ message: 'hi' });
    expect(answer).toMatchObject({ finish_reason: expected, content: 'I could' });
  });

  it.each([
    ['no JSON', 'calculator', '{"expression": "1+'],
    ['an unknown tool', 'rm_rf', '{}'],
    ['an extra member', 'calculator', '{"expression":"1","evil":true}'],
    ['__proto__', 'calculator', '{"expression":"1","__proto__":{"admin":true}}'],
  ])(
    'F12: does not execute a call with %s, and ends after the second in a row',
    async (_what, name, args) => {
      models.always({ toolCalls: [{ name, arguments: args }] });
      const answer = await (await (await start()).user()).chat({ message: 'hi' });
      expect(answer.stop_reason).toBe('tool_args_invalid');
      expect(answer.tool_calls).toHaveLength(2);
      expect(answer.tool_calls.every((call) => call.is_error)).toBe(true);
      expect(models.requests).toHaveLength(2);
      expect(models.lastRequest.refusal).toBeUndefined();
    },
  );

  it('F13: ends a model that calls the same tool for ever', async () => {
    models.always({ toolCalls: [{ name: 'calculator', arguments: { expression: '1+1' } }] });
    const answer = await (await (await start()).user()).chat({ message: 'hi' });
    expect(answer.stop_reason).toBe('repeated_calls');
    expect(models.requests.length).toBeLessThanOrEqual(4);
  });

  it('F13: ends a model that always finds another call', async () => {
    let count = 0;
    models.always(() => ({
      toolCalls: [{ name: 'calculator', arguments: { expression: `1+${(count += 1)}` } }],
    }));
    const answer = await (await (await start({ PERCH_MAX_STEPS: '5' })).user()).chat({ message: 'hi' });
    expect(answer.stop_reason).toBe('max_steps');
    expect(models.requests).toHaveLength(5);
  });

  it('F14: executes only so many of fifty parallel calls, and answers all', async () => {
    models.enqueue(
      {
        toolCalls: Array.from({ length: 50 }, (_, index) => ({
          name: 'calculator',
          arguments: { expression: `1+${index}` },
        })),
      },
      { text: 'Done.' },
    );
    const answer = await (await (await start()).user()).chat({ message: 'hi' });
    expect(answer.content).toBe('Done.');
    expect(answer.tool_calls).toHaveLength(50);
    expect(answer.tool_calls.filter((call) => !call.is_error)).toHaveLength(16);
    expect(models.lastRequest.refusal).toBeUndefined();
  });
});
