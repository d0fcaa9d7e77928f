import { ModelServer } from '../support/model-server/model-server.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

/** What operators switch, and what callers see of it. */
describe('the switches', () => {
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

  it('AI_ENABLE_STREAMING=false refuses streams and nothing else', async () => {
    perch = await startTestPerch({ AI_ENABLE_STREAMING: 'false' });
    const user = await perch.user();
    const refused = await user.post('/api/v1/agent/chat/stream', { message: 'hi' });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'forbidden' }),
    ]);
    expect((await user.chat({ message: 'hi' })).stop_reason).toBe('finished');
  });

  it('AI_ENABLE_TOOLS=false offers no tool, to the model or to callers', async () => {
    perch = await startTestPerch(compatibleWith(models.url, { AI_ENABLE_TOOLS: 'false' }));
    models.enqueue({ text: 'No tools.' });
    const user = await perch.user();
    await user.chat({ message: 'What is 2 + 2?' });
    expect(models.lastRequest.body.tools).toBeUndefined();
    expect(await (await user.get('/api/v1/agent/tools')).json()).toEqual({ tools: [] });
    expect((await user.post('/api/v1/agent/tools/calculator', { expression: '1' })).status).toBe(403);
  });

  it('AI_ENABLE_CONVERSATION_MEMORY=false shows the model nothing of the past', async () => {
    perch = await startTestPerch(compatibleWith(models.url, { AI_ENABLE_CONVERSATION_MEMORY: 'false' }));
    models.enqueue({ text: 'One.' }, { text: 'Two.' });
    const user = await perch.user();
    const first = await user.chat({ message: 'remember 4711' });
    await user.chat({ message: 'and now?', session_id: first.session_id });
    expect(JSON.stringify(models.lastRequest.body)).not.toContain('4711');
  });

  it('an unknown price is null, and AI_ALLOW_UNPRICED_MODELS=false refuses it before anything is stored', async () => {
    const unpriced = compatibleWith(models.url, { AI_MODELS: '[]' });
    perch = await startTestPerch(unpriced);
    models.enqueue({ text: 'Free? Nobody knows.' });
    expect((await (await perch.user()).chat({ message: 'hi' })).cost_usd).toBeNull();
    await perch.stop();

    perch = await startTestPerch({ ...unpriced, AI_ALLOW_UNPRICED_MODELS: 'false' });
    models.reset();
    const user = await perch.user();
    for (const path of ['/api/v1/agent/chat', '/api/v1/agent/chat/stream']) {
      const refused = await user.post(path, { message: 'hi' });
      expect([refused.status, await refused.json()]).toEqual([
        422,
        expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/model' })] }),
      ]);
    }
    expect(models.requests).toEqual([]);
    expect(await (await user.get('/api/v1/agent/conversations')).json()).toMatchObject({ conversations: [] });
  });

  it('PERCH_AGENTS gives callers agents with instructions, tools and limits of their own', async () => {
    const agents = [
      { name: 'poet', instructions: 'Answer in verse.', tools: [], max_tokens: 77, temperature: 0.1 },
    ];
    perch = await startTestPerch(compatibleWith(models.url, { PERCH_AGENTS: JSON.stringify(agents) }));
    models.enqueue({ text: 'A rose.' });
    const user = await perch.user();
    await user.chat({ message: 'hi', agent: 'poet' });
    const { body } = models.lastRequest;
    expect(body).toMatchObject({ max_tokens: 77, temperature: 0.1 });
    expect(body.tools).toBeUndefined();
    expect(JSON.stringify(body.messages)).toContain('Answer in verse.');
    const forbidden = await user.post('/api/v1/agent/chat', {
      message: 'hi',
      agent: 'poet',
      tools: ['calculator'],
    });
    expect([forbidden.status, await forbidden.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'tool_forbidden' }),
    ]);
  });

  it('shows the model the context of a request, and keeps it out of the conversation', async () => {
    perch = await startTestPerch(compatibleWith(models.url));
    models.enqueue({ text: 'I see.' });
    const user = await perch.user();
    const answer = await user.chat({ message: 'hi', context: { page: 'invoice-4711' } });
    expect(JSON.stringify(models.lastRequest.body)).toContain('invoice-4711');
    const read = await user.get(`/api/v1/agent/conversations/${answer.session_id}`);
    expect(await read.text()).not.toContain('invoice-4711');
  });
});
