import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel, TEST_API_KEY } from '../../../../test/support/a-model.js';
import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import type { ScriptedReply } from '../../../../test/support/model-server/scripted-reply.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ModelEvent, ModelRequest } from '../llm-provider.js';
import { AnthropicProvider } from './anthropic.provider.js';

describeLlmProvider(AnthropicProvider.name, {
  createProvider: () => new AnthropicProvider(),
  modelAt: (baseUrl) => aModel({ provider: 'anthropic', vendorModel: 'claude-test' }, { baseUrl }),
  reasoning: 'signed',
  rawStop: 'end_turn',
  unknownFinish: 'pause_turn',
  reportsCacheWrites: true,
  eventsBeforeText: 2,
});

describe(AnthropicProvider.name, () => {
  let server: ModelServer;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => void server.reset());

  const hello: readonly Message[] = [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }];

  async function run(reply: ScriptedReply, overrides: Partial<ModelRequest> = {}): Promise<ModelEvent[]> {
    server.enqueue(reply);
    const model = aModel({ provider: 'anthropic', vendorModel: 'claude-test' }, { baseUrl: server.url });
    const request = { model, messages: hello, tools: [], maxOutputTokens: 99, ...overrides };
    const events: ModelEvent[] = [];
    for await (const event of new AnthropicProvider().stream(request, { signal })) events.push(event);
    return events;
  }

  it('sends the key, the system prompt, and the limit', async () => {
    await run({ text: 'Hi' }, { system: 'Be brief.' });

    expect(server.lastRequest).toMatchObject({
      path: '/v1/messages',
      headers: expect.objectContaining({ authorization: `Bearer ${TEST_API_KEY}` }),
      body: { model: 'claude-test', max_tokens: 99, stream: true, system: 'Be brief.' },
    });
  });

  it('tells the usage of the input with the start', async () => {
    const [start] = await run({
      text: 'Hi',
      usage: { input: 100, output: 9, cacheRead: 60, cacheWrite: 30 },
    });

    expect(start).toEqual({
      type: 'start',
      responseId: 'msg_1',
      usage: {
        inputTokens: { total: 100, cacheRead: 60, cacheWrite: 30 },
        outputTokens: { total: 1 },
        source: 'measured',
      },
    });
  });

  it('returns redacted thinking as it came', async () => {
    const events = await run({ redactedReasoning: 'opaque', text: 'Done' });
    const parts = events.flatMap((event) => (event.type === 'reasoning' ? [event.part] : []));
    const messages: Message[] = [
      ...hello,
      { role: 'assistant', parts: [...parts, { type: 'text', text: 'Done' }] },
      { role: 'user', parts: [{ type: 'text', text: 'More' }] },
    ];
    await run({ text: 'ok' }, { messages });

    expect(server.lastRequest.body.messages).toContainEqual({
      role: 'assistant',
      content: [
        { type: 'redacted_thinking', data: 'opaque' },
        { type: 'text', text: 'Done' },
      ],
    });
  });

  it('forbids tools when none are offered and the history has some', async () => {
    const messages: Message[] = [
      ...hello,
      { role: 'assistant', parts: [{ type: 'tool-call', toolCallId: 'a', toolName: 'get_time', input: {} }] },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            toolCallId: 'a',
            toolName: 'get_time',
            result: 1,
            isError: false,
            durationMs: 1,
          },
        ],
      },
    ];
    await run({ text: 'ok' }, { messages });

    expect(server.lastRequest.body).toMatchObject({
      tools: [{ name: 'get_time' }],
      tool_choice: { type: 'none' },
    });
  });

  it('keeps the temperature within the vendor’s range', async () => {
    await run({ text: 'ok' }, { temperature: 1.7 });

    expect(server.lastRequest.body.temperature).toBe(1);
  });

  it.each([
    ['overloaded_error', 'overloaded'],
    ['rate_limit_error', 'rate-limited'],
    ['api_error', 'server-error'],
    ['invalid_request_error', 'invalid-request'],
    ['never_heard_of', 'server-error'],
  ])('%s within a stream is %s', async (errorType, reason) => {
    const failing = run({ text: 'abc', fault: { errorEventAfterEvents: 3, errorType } });

    await expect(failing).rejects.toMatchObject({ name: 'ProviderError', reason });
  });

  it('asks nobody without a key', async () => {
    const model = aModel(
      { provider: 'anthropic', vendorModel: 'claude-test' },
      { baseUrl: server.url, apiKey: undefined },
    );

    await expect(run({ text: 'Hi' }, { model })).rejects.toMatchObject({ reason: 'authentication' });
    expect(server.requests).toHaveLength(0);
  });
});
