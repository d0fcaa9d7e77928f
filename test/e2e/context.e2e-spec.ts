import { ModelServer } from '../support/model-server/model-server.js';
import type { ApiClient } from '../support/perch/api-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { aConversationOf, type Saying } from '../support/conversation/conversation-rows.js';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ContextBuilder } from '../../src/modules/agent/context/context-builder.js';
import { MODEL_CLIENT, type ModelClient } from '../../src/modules/providers/index.js';

const PRICE = { input: '3', output: '15', cache_read: '0.3', cache_write: '3.75' };
const ANTHROPIC = (url: string): Record<string, string> => ({
  AI_PROVIDER: 'anthropic',
  AI_API_KEY: 'test-key',
  AI_BASE_URL: url,
  AI_MODEL: 'claude-test',
  AI_MODELS: JSON.stringify([{ id: 'claude-test', price: PRICE }]),
});

/** How much of the shorter of two texts both begin with. */
function sharedBeginning(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let length = 0;
  while (length < shorter && a[length] === b[length]) length += 1;
  return length / shorter;
}

describe.each([
  ['anthropic', ANTHROPIC],
  ['openai-compatible', (url: string) => compatibleWith(url)],
])('a conversation of twenty turns with tools over %s', (_name, settings) => {
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

  it('is sent so that every request begins like the one before: at least 95 % of the shorter one', async () => {
    const user = await perch.user();
    let sessionId: string | undefined;
    for (let turn = 1; turn <= 20; turn += 1) {
      models.enqueue(
        {
          toolCalls: [
            { id: 'call_1', name: 'calculator', arguments: { expression: `${turn} * 21` } },
            { id: 'call_2', name: 'current_time', arguments: { timezone: 'Asia/Tokyo' } },
            {
              id: 'call_3',
              name: 'run_code',
              arguments: { input: turn, code: 'return {zulu: input, a: [1], bb: 2}' },
            },
          ],
        },
        { text: `That makes ${turn * 21}. Anything else that you would like to know about it?` },
      );
      const answer = await user.chat({
        message: `What is ${turn} times 21? Please explain how you got there.`,
        ...(sessionId ? { session_id: sessionId } : {}),
      });
      sessionId = answer.session_id;
    }
    expect(models.requests).toHaveLength(40);
    expect(models.requests.map(({ refusal }) => refusal).filter(Boolean)).toEqual([]);
    const bodies = models.requests.map(({ body }) => JSON.stringify(body));
    const shares = bodies.slice(1).map((body, index) => sharedBeginning(bodies[index]!, body));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.95);
  });
});

describe('what a model is shown', () => {
  let models: ModelServer;
  let perch: TestPerch;
  let dataSource: DataSource;
  let user: ApiClient;
  let userId: string;
  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(
      compatibleWith(models.url, {
        AI_MODELS: JSON.stringify([
          { id: 'test-model', price: PRICE, context_window: 20_000 },
          { id: 'small', price: PRICE, context_window: 2_000 },
        ]),
        AI_MAX_TOKENS: '500',
      }),
    );
    dataSource = perch.app.get(DataSource);
    user = await perch.user();
    userId = await idOf(user);
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });

  async function idOf(client: ApiClient): Promise<string> {
    return ((await (await client.get('/api/v1/auth/me')).json()) as { id: string }).id;
  }

  async function runOf(runId: string): Promise<{ context: Record<string, number> }> {
    return (await (await user.get(`/api/v1/agent/runs/${runId}`)).json()) as never;
  }

  it('of ten thousand messages is what fits, with the message and what bears on it, and the run says what was left out', async () => {
    const sayings = Array.from({ length: 10_000 }, (_, index): Saying => {
      if (index === 42) return ['user', 'Our cat is called Schnurrbert and hates thunderstorms.'];
      return index % 2 === 0
        ? ['user', `Question ${index} about bread and butter.`]
        : ['assistant', `Answer ${index}.`];
    });
    const sessionId = await aConversationOf(dataSource, userId, sayings);
    models.reset().always({ text: 'Schnurrbert.' });
    const answer = await user.chat({ message: 'What is Schnurrbert afraid of?', session_id: sessionId });
    const sent = JSON.stringify(models.lastRequest.body);
    expect(sent).toContain('What is Schnurrbert afraid of?');
    expect(sent).toContain('hates thunderstorms');
    const { context } = await runOf(answer.run_id);
    expect(context.included_messages! + context.left_out_messages!).toBe(10_000);
    expect(context.included_messages).toBeGreaterThan(50);
    expect(context.recalled_messages).toBeGreaterThan(0);
    expect(context.window_tokens).toBe(20_000);
  });

  it.each([100, 10_000])('of %d messages costs three reads at most', async (length) => {
    // Of nobody else's: what is done after an answer asks about its user, too.
    const reader = await perch.user();
    const readerId = await idOf(reader);
    await reader.put('/api/v1/agent/memories/settings', { enabled: true });
    const sayings = Array.from({ length }, (_, index): Saying => [
      index % 2 === 0 ? 'user' : 'assistant',
      `Number ${index} is about bread, butter and the price of fish in town ${index % 97}.`,
    ]);
    const sessionId = await aConversationOf(dataSource, readerId, sayings);
    const contexts = perch.app.get(ContextBuilder, { strict: false });
    const model = perch.app.get<ModelClient>(MODEL_CLIENT, { strict: false }).find('small')!;
    const reads = jest.spyOn(dataSource, 'query');
    const { messages } = await contexts.build({
      userId: readerId,
      sessionId,
      messageSeq: length + 1,
      current: { role: 'user', parts: [{ type: 'text', text: 'What does fish cost in town 7?' }] },
      model,
      system: 'Be brief.',
      tools: [],
      maxOutputTokens: 500,
      hasMemory: true,
    });
    const own = reads.mock.calls.filter(([, parameters]) =>
      JSON.stringify(parameters ?? []).includes(readerId),
    );
    reads.mockRestore();
    expect(messages.length).toBeGreaterThan(2);
    expect(own.length).toBeLessThanOrEqual(3);
  });

  it('is data of the application with the message, once, and not kept', async () => {
    models.reset().always({ text: 'Fine.' });
    const first = await user.chat({ message: 'Which page am I on?', context: { page: 'invoices-7731' } });
    expect(JSON.stringify(models.lastRequest.body)).toContain('invoices-7731');
    await user.chat({ message: 'And now?', session_id: first.session_id });
    expect(JSON.stringify(models.lastRequest.body)).not.toContain('invoices-7731');
  });

  it('is never more than it can read: a message that cannot fit is refused, and nothing is asked of the model', async () => {
    models.reset().always({ text: 'Fine.' });
    const response = await user.post('/api/v1/agent/chat', {
      message: 'word '.repeat(1_990),
      model: 'small',
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/message' }],
    });
    expect(models.requests).toHaveLength(0);
  });
});
