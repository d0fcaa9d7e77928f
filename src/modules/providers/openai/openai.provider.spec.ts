import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel, TEST_API_KEY } from '../../../../test/support/a-model.js';
import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import type { ScriptedReply } from '../../../../test/support/model-server/scripted-reply.js';
import type { AssistantPart } from '../../../shared/llm/content-part.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelEvent } from '../llm-provider.js';
import { OpenAiProvider } from './openai.provider.js';

describeLlmProvider(`${OpenAiProvider.name} over Chat Completions`, {
  createProvider: () => new OpenAiProvider(),
  modelAt: (url) => aModel({ provider: 'openai', vendorModel: 'gpt-test' }, { baseUrl: `${url}/v1` }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 1,
});

describeLlmProvider(`${OpenAiProvider.name} over Responses`, {
  createProvider: () => new OpenAiProvider(),
  modelAt: (url) =>
    aModel(
      { provider: 'openai', vendorModel: 'gpt-test' },
      { baseUrl: `${url}/v1` },
      { api: 'responses', reasoning: true },
    ),
  reasoning: 'signed',
  rawStop: 'completed',
  unknownFinish: 'bored',
  reportsCacheWrites: false,
  eventsBeforeText: 4,
});

describe(OpenAiProvider.name, () => {
  let server: ModelServer;

  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => void server.reset());

  const hello: Message = { role: 'user', parts: [{ type: 'text', text: 'Hello' }] };
  const chatModel = (name: string, isReasoning = false): ModelInfo =>
    aModel(
      { provider: 'openai', vendorModel: name },
      { baseUrl: `${server.url}/v1` },
      { reasoning: isReasoning, temperature: !isReasoning },
    );
  const responsesModel = (isReasoning = true): ModelInfo => {
    const model = chatModel(isReasoning ? 'gpt-5-test' : 'gpt-4.1', isReasoning);
    return { ...model, capabilities: { ...model.capabilities, api: 'responses' } };
  };

  async function run(
    reply: ScriptedReply,
    model: ModelInfo,
    messages: readonly Message[] = [hello],
    maxOutputTokens = 99,
  ): Promise<ModelEvent[]> {
    server.enqueue(reply);
    const request = { model, messages, tools: [], maxOutputTokens, temperature: 0.7, system: 'Be brief.' };
    const events: ModelEvent[] = [];
    for await (const event of new OpenAiProvider().stream(request, { signal: new AbortController().signal }))
      events.push(event);
    return events;
  }

  it('speaks as reasoning models demand it', async () => {
    const events = await run({ text: 'Hi' }, chatModel('gpt-5-test', true));

    expect(events.at(-1)).toMatchObject({ finishReason: 'stop' });
    expect(server.lastRequest.body).toMatchObject({ max_completion_tokens: 99 });
    expect(server.lastRequest.headers.authorization).toBe(`Bearer ${TEST_API_KEY}`);
  });

  it('names the limit as other servers know it', async () => {
    await run({ text: 'Hi' }, chatModel('gpt-4o'));

    expect(server.lastRequest.body).toMatchObject({ max_tokens: 99, temperature: 0.7 });
  });

  it('takes nothing from the SDK’s own environment variables', async () => {
    const names = {
      OPENAI_BASE_URL: 'http://127.0.0.1:1',
      OPENAI_API_KEY: 'stray',
      OPENAI_ORG_ID: 'stray',
      OPENAI_PROJECT_ID: 'stray',
    };
    const before = { ...process.env };
    Object.assign(process.env, names);
    try {
      await run({ text: 'Hi' }, chatModel('gpt-4o'));
      const keyless = aModel(
        { provider: 'openai', vendorModel: 'gpt-4o' },
        { baseUrl: `${server.url}/v1`, apiKey: undefined },
      );
      await expect(run({ text: 'Hi' }, keyless)).rejects.toMatchObject({ reason: 'authentication' });
    } finally {
      for (const name of Object.keys(names)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }

    expect(server.requests).toHaveLength(1);
    expect(JSON.stringify(server.lastRequest.headers)).not.toContain('stray');
  });

  describe('over Responses', () => {
    it('has nothing stored, and asks for encrypted reasoning where there is some', async () => {
      await run({ text: 'Hi' }, responsesModel());
      await run({ text: 'Hi' }, responsesModel(false));

      expect(server.requests[0]).toMatchObject({
        path: '/v1/responses',
        body: {
          store: false,
          instructions: 'Be brief.',
          max_output_tokens: 99,
          include: ['reasoning.encrypted_content'],
        },
      });
      expect(server.requests[1]?.body).not.toHaveProperty('include');
    });

    it('asks for no less output than the API allows', async () => {
      await run({ text: 'Hi' }, responsesModel(), [hello], 5);

      expect(server.lastRequest.body.max_output_tokens).toBe(16);
    });

    it('sends reasoning back right before the calls that it led to', async () => {
      const events = await run(
        { reasoning: 'I must calculate.', toolCalls: [{ id: 'c1', name: 'calculate', arguments: { a: 1 } }] },
        responsesModel(),
      );
      const parts = events.flatMap((event): AssistantPart[] => {
        if (event.type === 'reasoning') return [event.part];
        return event.type === 'tool-call' ? [{ type: 'tool-call', ...event.call }] : [];
      });
      const result = {
        type: 'tool-result' as const,
        toolCallId: 'c1',
        toolName: 'calculate',
        result: 1,
        isError: false,
        durationMs: 1,
      };
      await run({ text: 'One.' }, responsesModel(), [
        hello,
        { role: 'assistant', parts },
        { role: 'tool', parts: [result] },
      ]);

      expect(server.lastRequest.body.input).toEqual([
        { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'I must calculate.' }],
          encrypted_content: 'enc-1',
        },
        { type: 'function_call', call_id: 'c1', name: 'calculate', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c1', output: '1' },
      ]);
    });

    it.each([
      ['rate_limit_exceeded', 'rate-limited'],
      ['server_error', 'server-error'],
    ])('a failed response with %s is %s', async (code, reason) => {
      const event = {
        type: 'response.failed',
        response: { id: 'resp_1', status: 'failed', error: { code, message: 'scripted' } },
      };
      const failing = run(
        { fault: { rawSse: `event: response.failed\ndata: ${JSON.stringify(event)}\n\n` } },
        responsesModel(),
      );

      await expect(failing).rejects.toMatchObject({ name: 'ProviderError', reason });
    });

    it('an error event is mapped by its code', async () => {
      const failing = run(
        { text: 'abc', fault: { errorEventAfterEvents: 3, errorType: 'rate_limit_exceeded' } },
        responsesModel(),
      );

      await expect(failing).rejects.toMatchObject({ name: 'ProviderError', reason: 'rate-limited' });
    });
  });
});
