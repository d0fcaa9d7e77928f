import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel, TEST_API_KEY } from '../../../../test/support/a-model.js';
import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import type { ChatQuirks, ScriptedReply } from '../../../../test/support/model-server/scripted-reply.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelEvent } from '../llm-provider.js';
import { OpenAiCompatibleProvider } from './openai-compatible.provider.js';

describeLlmProvider(OpenAiCompatibleProvider.name, {
  createProvider: () => new OpenAiCompatibleProvider(),
  modelAt: (url) =>
    aModel({ provider: 'openai-compatible', vendorModel: 'llama-test' }, { baseUrl: `${url}/v1` }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 1,
});

describe(OpenAiCompatibleProvider.name, () => {
  let server: ModelServer;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => void server.reset());

  const modelWith = (connection: ModelInfo['connection']): ModelInfo =>
    aModel({ provider: 'openai-compatible', vendorModel: 'llama-test' }, connection, { reasoning: true });

  async function run(
    reply: ScriptedReply,
    model = modelWith({ baseUrl: `${server.url}/v1` }),
  ): Promise<ModelEvent[]> {
    server.enqueue(reply);
    let ids = 0;
    const provider = new OpenAiCompatibleProvider(undefined, { next: () => `made-up-${++ids}` });
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hello' }] }];
    const events: ModelEvent[] = [];
    for await (const event of provider.stream(
      { model, messages, tools: [], maxOutputTokens: 99 },
      { signal },
    ))
      events.push(event);
    return events;
  }

  const callsOf = (events: readonly ModelEvent[]): unknown[] =>
    events.flatMap((event) =>
      event.type === 'tool-call' ? [[event.call.toolCallId, event.call.toolName, event.call.input]] : [],
    );

  it('sends the oldest name of the limit, and asks for the usage', async () => {
    await run({ text: 'Hi' });

    expect(server.lastRequest.body).toMatchObject({
      max_tokens: 99,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(server.lastRequest.headers.authorization).toBe(`Bearer ${TEST_API_KEY}`);
  });

  it('sends no Authorization header without a key', async () => {
    const events = await run({ text: 'Hi' }, modelWith({ baseUrl: `${server.url}/v1`, apiKey: undefined }));

    expect(events.at(-1)).toMatchObject({ finishReason: 'stop' });
    expect(server.lastRequest.headers).not.toHaveProperty('authorization');
  });

  it('asks nobody without an address', async () => {
    await expect(run({ text: 'Hi' }, modelWith({}))).rejects.toMatchObject({ reason: 'not-found' });
  });

  describe('understands servers that', () => {
    const toolCalls = [
      { id: 'a', name: 'first', arguments: { x: 1 } },
      { id: 'b', name: 'second', arguments: { y: [2, 3] } },
    ];
    const expected = [
      ['a', 'first', { x: 1 }],
      ['b', 'second', { y: [2, 3] }],
    ];

    it.each([
      ['mix the pieces of several calls', { toolCalls: 'interleaved' }],
      ['send a call in one piece', { toolCalls: 'whole' }],
      ['leave the index out', { toolCalls: 'whole', omitIndex: true }],
      ['repeat id and name', { repeatIdentity: true }],
      ['repeat id and name and leave the index out', { repeatIdentity: true, omitIndex: true }],
    ] satisfies [string, ChatQuirks][])('%s', async (_what, quirks) => {
      expect(callsOf(await run({ toolCalls, chunkSize: 2, quirks }))).toEqual(expected);
    });

    it('send no ids', async () => {
      const events = await run({ toolCalls, chunkSize: 2, quirks: { omitId: true } });

      expect(callsOf(events)).toEqual([
        ['made-up-1', 'first', { x: 1 }],
        ['made-up-2', 'second', { y: [2, 3] }],
      ]);
    });

    it('send the same id twice', async () => {
      const twins = toolCalls.map((call) => ({ ...call, id: 'same' }));

      expect(callsOf(await run({ toolCalls: twins }))).toEqual([
        ['same', 'first', { x: 1 }],
        ['made-up-1', 'second', { y: [2, 3] }],
      ]);
    });

    it('give every call the index 0', async () => {
      const piece = (id: string, name: string): string =>
        `data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"${id}","function":{"name":"${name}","arguments":"{}"}}]}}]}\n\n`;
      const rawSse = `${piece('a', 'first')}${piece('b', 'second')}data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`;

      expect(callsOf(await run({ fault: { rawSse } }))).toEqual([
        ['a', 'first', {}],
        ['b', 'second', {}],
      ]);
    });

    it('say stop although they call tools', async () => {
      const events = await run({ toolCalls, finish: 'stop' });

      expect(events.at(-1)).toMatchObject({ finishReason: 'tool_calls', rawFinishReason: 'stop' });
    });

    it('name the reasoning after OpenRouter', async () => {
      const events = await run({ reasoning: 'hm', text: 'Hi', quirks: { reasoningField: 'reasoning' } });

      expect(events).toContainEqual({ type: 'reasoning-delta', delta: 'hm' });
    });

    it('send the usage with the finish reason', async () => {
      const events = await run({
        text: 'Hi',
        usage: { input: 5, output: 2 },
        quirks: { usageWithFinish: true },
      });

      expect(events.at(-1)).toMatchObject({
        usage: { inputTokens: { total: 5 }, outputTokens: { total: 2 } },
      });
    });

    it('forget [DONE], or the last blank line', async () => {
      expect((await run({ text: 'Hi', omitDone: true })).at(-1)).toMatchObject({ finishReason: 'stop' });
      const rawSse =
        'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}';
      expect((await run({ fault: { rawSse } })).at(-1)).toMatchObject({ finishReason: 'stop' });
    });

    it('reset the connection after the finish reason', async () => {
      const events = await run({ text: 'Hi', fault: { resetAfterEvents: 3 } });

      expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' });
    });
  });

  it.each([
    [{ errorType: 'server_error' }, 'server-error'],
    [{ errorType: 'tokens', errorCode: 'rate_limit_exceeded' }, 'rate-limited'],
    [{ errorType: 'engine_overloaded' }, 'overloaded'],
    [{ errorType: 'invalid_request_error', errorCode: 'context_length_exceeded' }, 'invalid-request'],
    [{ errorType: 'BadGateway', errorCode: '502' }, 'server-error'],
    [{ errorType: '', errorCode: '429' }, 'rate-limited'],
  ])('an error %j within the stream is %s, after the text before it', async (error, reason) => {
    const failing = run({ text: 'abc', chunkSize: 1, fault: { errorEventAfterEvents: 3, ...error } });

    await expect(failing).rejects.toMatchObject({ name: 'ProviderError', reason });
  });
});
