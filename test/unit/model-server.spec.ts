import { ModelServer } from '../support/model-server/model-server.js';

const TOOL = { name: 'calculate', input_schema: { type: 'object' } };
const USE = { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'calculate', input: {} }] };
const USER = { role: 'user', content: 'Hi' };
const CALL = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'calculate', arguments: '{}' } }],
};

/** The fake is strict, or tests that pass against it would prove nothing. */
describe(ModelServer.name, () => {
  let server: ModelServer;

  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => void server.reset().always({ text: 'ok' }));

  const post = async (path: string, body: object): Promise<number> => {
    const headers = {
      authorization: 'Bearer key',
      'anthropic-version': '2026-10-21',
      'content-type': 'application/json',
    };
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'm', ...body }),
    });
    await response.text();
    return response.status;
  };

  it.each([
    ['a plain question', 200, { messages: [USER] }],
    ['no limit', 400, { messages: [USER], max_tokens: undefined }],
    ['no message', 400, { messages: [] }],
    ['two questions in a row', 400, { messages: [USER, USER] }],
    ['empty text', 400, { messages: [{ role: 'user', content: '' }] }],
    ['an answer first', 400, { messages: [{ role: 'assistant', content: 'Hi' }] }],
    ['a call without its result', 400, { messages: [USER, USE, USER], tools: [TOOL] }],
    ['a call at the end', 400, { messages: [USER, USE], tools: [TOOL] }],
    [
      'a result without its call',
      400,
      { messages: [{ role: 'user', content: [result('a')] }], tools: [TOOL] },
    ],
    [
      'a result for another call',
      400,
      { messages: [USER, USE, { role: 'user', content: [result('b')] }], tools: [TOOL] },
    ],
    [
      'a result after text',
      400,
      {
        messages: [USER, USE, { role: 'user', content: [{ type: 'text', text: 'x' }, result('a')] }],
        tools: [TOOL],
      },
    ],
    ['calls without tools', 400, { messages: [USER, USE, { role: 'user', content: [result('a')] }] }],
    [
      'a call and its result',
      200,
      { messages: [USER, USE, { role: 'user', content: [result('a')] }], tools: [TOOL] },
    ],
  ])('as Anthropic it meets %s with %i', async (_what, status, body) => {
    expect(await post('/v1/messages', { max_tokens: 5, ...body })).toBe(status);
  });

  it.each([
    ['a plain question', 200, { messages: [USER] }],
    ['no message', 400, { messages: [] }],
    ['an answer with nothing in it', 400, { messages: [USER, { role: 'assistant', content: null }, USER] }],
    ['a call without its result', 400, { messages: [USER, CALL, USER] }],
    ['a call at the end', 400, { messages: [USER, CALL] }],
    [
      'a result without its call',
      400,
      { messages: [USER, { role: 'tool', tool_call_id: 'a', content: '1' }] },
    ],
    ['two results for one call', 400, { messages: [USER, CALL, toolMessage('a'), toolMessage('a')] }],
    ['an empty list of tools', 400, { messages: [USER], tools: [] }],
    ['both limits', 400, { messages: [USER], max_tokens: 1, max_completion_tokens: 1 }],
    ['the old limit for a reasoning model', 400, { messages: [USER], max_tokens: 1, model: 'gpt-5-test' }],
    ['a call and its result', 200, { messages: [USER, CALL, toolMessage('a')] }],
  ])('as OpenAI it meets %s with %i', async (_what, status, body) => {
    expect(await post('/v1/chat/completions', body)).toBe(status);
  });

  it.each([
    ['a plain question', 200, [USER]],
    ['no input', 400, []],
    ['a call without its output', 400, [USER, functionCall()]],
    ['an output without its call', 400, [USER, { type: 'function_call_output', call_id: 'a', output: '1' }]],
    ['reasoning without its proof', 400, [USER, { type: 'reasoning', id: 'r', summary: [] }, functionCall()]],
    [
      'a call and its output',
      200,
      [USER, functionCall(), { type: 'function_call_output', call_id: 'a', output: '1' }],
    ],
  ])('as OpenAI Responses it meets %s with %i', async (_what, status, input) => {
    expect(await post('/v1/responses', { input })).toBe(status);
  });

  it('plays the queue in order, then the standing reply', async () => {
    server.enqueue({ fault: { status: 503 } }, (request) => ({
      fault: { status: request.body.model === 'm' ? 418 : 500 },
    }));

    const statuses = [];
    for (let count = 0; count < 3; count++)
      statuses.push(await post('/v1/chat/completions', { messages: [USER] }));
    expect(statuses).toEqual([503, 418, 200]);
    expect(server.unconsumed).toBe(0);
  });

  it('fails a request that nobody expected', async () => {
    expect(await post('/v1/unknown', {})).toBe(404);
    server.reset();
    expect(await post('/v1/chat/completions', { messages: [USER] })).toBe(501);
  });

  it('sees that the client has left', async () => {
    server.enqueue({ fault: { neverHeaders: true } });
    const abort = new AbortController();
    const body = JSON.stringify({ model: 'm', messages: [USER] });
    const pending = fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      body,
      signal: abort.signal,
    });
    pending.catch(() => undefined);
    const request = await server.received(1);
    expect(server.openRequests).toBe(1);
    abort.abort();

    await expect(request.closed).resolves.toEqual({ byClient: true });
    expect(request.clientClosedAt).toBeGreaterThanOrEqual(request.receivedAt);
    expect(server.openRequests).toBe(0);
  });
});

function result(id: string): object {
  return { type: 'tool_result', tool_use_id: id, content: '1' };
}

function toolMessage(id: string): object {
  return { role: 'tool', tool_call_id: id, content: '1' };
}

function functionCall(): object {
  return { type: 'function_call', call_id: 'a', name: 'calculate', arguments: '{}' };
}
