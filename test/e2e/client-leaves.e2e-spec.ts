import { ModelServer } from '../support/model-server/model-server.js';
import { readEvents } from '../support/perch/sse-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

interface ReadRun {
  readonly status: string;
  readonly stop_reason: string;
  readonly usage: { readonly source: string; readonly input_tokens: number; readonly output_tokens: number };
  readonly cost_usd: string;
}

describe('a client that leaves in the middle of an answer', () => {
  let models: ModelServer;
  let perch: TestPerch;
  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(compatibleWith(models.url));
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });
  beforeEach(() => void models.reset());

  /** Reads until some text has come, then drops the connection. Returns where the run can be found. */
  async function readAndLeave(
    body: object,
  ): Promise<{ runId: string; sessionId: string; user: Awaited<ReturnType<TestPerch['user']>> }> {
    const user = await perch.user();
    const leave = new AbortController();
    const response = await user.post('/api/v1/agent/chat/stream', body, { signal: leave.signal });
    let runId = '';
    let sessionId = '';
    for await (const { event, data } of readEvents(response.body!)) {
      if (event === 'run-start')
        ({ run_id: runId, session_id: sessionId } = data as { run_id: string; session_id: string });
      if (event === 'text-delta') break;
    }
    leave.abort();
    return { runId, sessionId, user };
  }

  it('closes the upstream socket within a second, keeps the part, counts it, and lets the gauges return to 0', async () => {
    models.enqueue({
      text: 'A long story that nobody will hear the end of',
      chunkSize: 7,
      fault: { stallAfterEvents: 4 },
    });
    const { runId, sessionId, user } = await readAndLeave({ message: 'tell me a story' });
    const leftAt = performance.now();
    expect(await models.lastRequest.closed).toEqual({ byClient: true });
    expect(performance.now() - leftAt).toBeLessThan(1000);

    const readRun = async (): Promise<ReadRun> =>
      (await (await user.get(`/api/v1/agent/runs/${runId}`)).json()) as ReadRun;
    await until(async () => (await readRun()).status === 'cancelled');
    const run = await readRun();
    expect(run).toMatchObject({ stop_reason: 'cancelled', usage: { source: 'estimated' } });
    expect(run.usage.input_tokens).toBeGreaterThan(0);
    expect(run.usage.output_tokens).toBeGreaterThan(0);
    expect(Number(run.cost_usd)).toBeGreaterThan(0);

    const conversation = (await (await user.get(`/api/v1/agent/conversations/${sessionId}`)).json()) as {
      messages: { status: string; content: string }[];
    };
    expect(conversation.messages[1]).toMatchObject({
      status: 'incomplete',
      content: expect.stringMatching(/^A long/),
    });
    expect(await perch.metric('agent_active_conversations')).toBe(0);
    expect(await perch.metric('http_open_streams')).toBe(0);
    const ledger = await perch.database.dataSource.query<{ source: string }[]>(
      'SELECT source FROM usage_record WHERE run_id = $1',
      [runId],
    );
    expect(ledger).toEqual([{ source: 'estimated' }]);
  });

  it('lets the run go on when the client asked for that', async () => {
    models.enqueue({ text: 'All of it, to the end', chunkSize: 3, delayMs: 5 });
    const { runId, sessionId, user } = await readAndLeave({ message: 'tell me', on_disconnect: 'continue' });
    await until(
      async () =>
        ((await (await user.get(`/api/v1/agent/runs/${runId}`)).json()) as ReadRun).status === 'completed',
    );
    const conversation = (await (await user.get(`/api/v1/agent/conversations/${sessionId}`)).json()) as {
      messages: { content: string }[];
    };
    expect(conversation.messages[1]!.content).toBe('All of it, to the end');
  });

  it('cancels a plain chat request too', async () => {
    models.enqueue({ text: 'never', fault: { stallAfterEvents: 1 } });
    const user = await perch.user();
    const leave = new AbortController();
    const asked = user.post('/api/v1/agent/chat', { message: 'hi' }, { signal: leave.signal });
    await models.received(1);
    leave.abort();
    await expect(asked).rejects.toThrow();
    expect(await models.lastRequest.closed).toEqual({ byClient: true });
  });

  it('notices a client that left while its run was admitted', async () => {
    models.enqueue({ text: 'never', fault: { stallAfterEvents: 1 } });
    const user = await perch.user();
    const { dataSource } = perch.database;
    const blocker = dataSource.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('LOCK TABLE run IN ACCESS EXCLUSIVE MODE');
    const leave = new AbortController();
    const asked = user.post('/api/v1/agent/chat', { message: 'hi' }, { signal: leave.signal });
    await until(async () => {
      const [waiting] = await dataSource.query<{ count: string }[]>(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting!.count === '1';
    });
    leave.abort();
    await expect(asked).rejects.toThrow();
    await blocker.commitTransaction();
    await blocker.release();
    await until(
      async () => (await perch.metric('agent_active_conversations')) === 0 && models.openRequests === 0,
    );
  });

  it('stops the run when its conversation is erased', async () => {
    models.enqueue({ text: 'a long answer', chunkSize: 2, fault: { stallAfterEvents: 3 } });
    const user = await perch.user();
    const response = await user.post('/api/v1/agent/chat/stream', {
      message: 'hi',
      on_disconnect: 'continue',
    });
    const events = readEvents(response.body!);
    const { data } = (await events.next()).value as { data: { session_id: string } };
    await models.received(1);
    expect((await user.delete(`/api/v1/agent/conversations/${data.session_id}`)).status).toBe(200);
    expect(await models.lastRequest.closed).toEqual({ byClient: true });
    await until(async () => (await perch.metric('agent_active_conversations')) === 0);
  });

  it('frees the conversation, and refuses a second message only while the first is answered', async () => {
    models.enqueue({ text: 'wait', fault: { stallAfterEvents: 1 } });
    const user = await perch.user();
    const leave = new AbortController();
    const response = await user.post(
      '/api/v1/agent/chat/stream',
      { message: 'first' },
      { signal: leave.signal },
    );
    const events = readEvents(response.body!);
    const { data } = (await events.next()).value as { data: { run_id: string; session_id: string } };
    const busy = await user.post('/api/v1/agent/chat', { message: 'second', session_id: data.session_id });
    expect(busy.status).toBe(409);
    expect(await busy.json()).toMatchObject({ code: 'run_conflict', active_run_id: data.run_id });
    leave.abort();
    await until(
      async () =>
        ((await (await user.get(`/api/v1/agent/runs/${data.run_id}`)).json()) as ReadRun).status ===
        'cancelled',
    );
    models.enqueue({ text: 'third time lucky' });
    expect((await user.chat({ message: 'third', session_id: data.session_id })).content).toBe(
      'third time lucky',
    );
    expect(models.lastRequest.refusal).toBeUndefined();
  });
});
