import { startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

/** The journeys of the source document's own test section, against the keyless scripted provider. */
describe('the journeys of the source document', () => {
  let perch: TestPerch;
  beforeAll(async () => {
    perch = await startTestPerch({ AI_FREE_TIER_RPM: '10', AI_FREE_TIER_TPM: '50000', AI_MAX_TOKENS: '500' });
  });
  afterAll(() => perch.stop());

  it('processes a message and tells what it used', async () => {
    const user = await perch.user();
    const answer = await user.chat({ message: 'Hello, agent!' });
    expect(answer.content).not.toBe('');
    expect(answer.usage.total_tokens).toBeGreaterThan(0);
  });

  it('uses tools', async () => {
    const user = await perch.user();
    const answer = await user.chat({ message: 'What is 17 * 23?' });
    expect(answer.tool_calls).toEqual([
      expect.objectContaining({ tool_name: 'calculator', is_error: false, result: { value: 391 } }),
    ]);
    expect(answer.content).toContain('391');
  });

  it('limits a free user to ten requests a minute', async () => {
    const user = await perch.user();
    for (let request = 1; request <= 10; request += 1) {
      const response = await user.post('/api/v1/agent/chat', { message: 'test' });
      expect(response.status).toBe(200);
      expect(response.headers.get('x-ratelimit-remaining')).toBe(String(10 - request));
    }
    const refused = await user.post('/api/v1/agent/chat', { message: 'test' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      scope: 'requests_per_minute',
      limit: 10,
      remaining: 0,
    });
  });

  it('does not count a request that is refused for its form', async () => {
    const user = await perch.user();
    for (let request = 0; request < 12; request += 1) {
      expect((await user.post('/api/v1/agent/chat', { massage: 'test' })).status).toBe(422);
    }
    expect((await user.post('/api/v1/agent/chat', { message: 'test' })).status).toBe(200);
  });

  it('holds a whole conversation', async () => {
    const user = await perch.user();
    const first = await user.chat({ message: 'Start new project' });
    await user.chat({ message: 'Add user authentication', session_id: first.session_id });
    const read = await user.get(`/api/v1/agent/conversations/${first.session_id}`);
    expect(read.status).toBe(200);
    const conversation = (await read.json()) as { title: string; messages: unknown[] };
    expect(conversation.title).toBe('Start new project');
    expect(conversation.messages.length).toBeGreaterThanOrEqual(4);

    const renamed = await user.patch(`/api/v1/agent/conversations/${first.session_id}`, { title: 'Auth' });
    expect(await renamed.json()).toMatchObject({ title: 'Auth' });
    const cleared = await user.delete(`/api/v1/agent/conversations/${first.session_id}`);
    expect(await cleared.json()).toEqual({ status: 'cleared' });
    expect((await user.get(`/api/v1/agent/conversations/${first.session_id}`)).status).toBe(404);
  });

  it('executes a tool directly', async () => {
    const user = await perch.user();
    const executed = await user.post('/api/v1/agent/tools/calculator', { expression: '2 ^ 10' });
    expect(await executed.json()).toEqual({
      tool_name: 'calculator',
      result: { value: 1024 },
      duration_ms: expect.any(Number),
    });
    expect(await (await user.post('/api/v1/agent/tools/nothing', {})).json()).toMatchObject({
      status: 404,
      code: 'tool_not_found',
    });
    expect(
      await (await user.post('/api/v1/agent/tools/calculator', { expresion: '1' })).json(),
    ).toMatchObject({
      status: 422,
      code: 'validation_failed',
    });
  });
});
