import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { ModelBook, oneTool } from '../support/perch/conversation-script.js';
import { collect, followRun, followRunAcross, readStream } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  type ReplicaUser,
  startReplicas,
} from '../support/perch/replicas.js';
import type { StreamedEvent } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
const RUNS = '/api/v1/agent/runs';

interface Asked {
  readonly tool_call_id: string;
  readonly tool_name: string;
  readonly input: { readonly text: string };
  readonly status: string;
  readonly expires_at: string;
}

interface Waiting {
  readonly run_id: string;
  readonly session_id: string;
  readonly status: string;
  readonly approvals: readonly Asked[];
  readonly steps: readonly { kind: string; status: string; result: unknown }[];
  readonly stop_reason: string | null;
}

interface AuditEntry {
  readonly action: string;
  readonly after: { readonly tool_name: string; readonly reason?: string; readonly approved_by?: string };
}

/** `append_line` writes a line, and here a person has to agree to that. */
const RULES = JSON.stringify({ append_line: { approval: 'always' } });

describe('a tool call that its user has to agree to', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let ada: ReplicaUser;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({
      count: 2,
      env: compatibleWith(models.url, { PERCH_TOOL_RULES: RULES, PERCH_APPROVAL_TTL_SECONDS: '20' }),
    });
    [one, two] = replicas.all as [Replica, Replica];
    ada = await replicas.user();
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  /** A chat whose run has come to the call that writes `line`. */
  async function aWaitingRun(line: string, user = ada): Promise<Waiting> {
    models.reset().always(oneTool('append_line', { text: line }));
    const response = await user.on(one).post(CHAT, { message: `write ${line}` });
    expect(response.status).toBe(202);
    return (await response.json()) as Waiting;
  }

  const readRun = async (runId: string, on = two): Promise<Waiting> =>
    (await (await ada.on(on).get(`${RUNS}/${runId}`)).json()) as Waiting;
  const decide = (
    { run_id: runId, approvals: [asked] }: Waiting,
    decision: 'approve' | 'deny',
    { user = ada, on = two, ...more }: { user?: ReplicaUser; on?: Replica; reason?: string } = {},
  ): Promise<Response> =>
    user.on(on).post(`${RUNS}/${runId}/approvals`, { tool_call_id: asked!.tool_call_id, decision, ...more });
  const ended = async (runId: string): Promise<StreamedEvent[]> => [
    ...(await collect(followRunAcross([ada.on(one), ada.on(two)], runId))).events,
  ];
  const trailOf = async (runId: string): Promise<AuditEntry[]> =>
    replicas.database.dataSource.query<AuditEntry[]>(
      `SELECT action, after FROM audit_entry WHERE target_id = $1 ORDER BY id`,
      [runId],
    );

  it('waits, and is executed once when the user agrees on another replica', async () => {
    const run = await aWaitingRun('alpha');
    expect(run).toMatchObject({
      status: 'waiting',
      approvals: [{ tool_name: 'append_line', input: { text: 'alpha' }, status: 'pending' }],
    });
    expect(replicas.effects.list('alpha')).toEqual([]);
    expect((await readRun(run.run_id)).steps.at(-1)).toMatchObject({ kind: 'tool', status: 'waiting' });

    const answer = await decide(run, 'approve');
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        run_id: run.run_id,
        session_id: run.session_id,
        status: expect.stringMatching(/queued|running|completed/),
      },
    ]);
    const events = await ended(run.run_id);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['tool-call', 'approval-request', 'tool-result', 'step-end', 'run-end']),
    );
    expect(events.at(-1)!.data).toMatchObject({ content: 'write alpha done', stop_reason: 'finished' });
    expect(replicas.effects.texts('alpha')).toEqual(['alpha']);
    expect(book.steps('write alpha')).toEqual([1, 2]);
    expectValidConversation(await readMessages(ada.on(one), run.session_id));
    expect(await trailOf(run.run_id)).toMatchObject([
      { action: 'tool.approval_requested', after: { tool_name: 'append_line' } },
      { action: 'tool.approved' },
      { action: 'tool.allowed', after: { approved_by: 'user' } },
    ]);
  });

  it(
    'survives that every replica is killed and started again',
    async () => {
      const run = await aWaitingRun('beta');
      for (const replica of [one, two]) await replica.kill9();
      for (const replica of [one, two]) await replica.restart();
      expect((await readRun(run.run_id)).status).toBe('waiting');
      expect((await decide(run, 'approve', { on: one })).status).toBe(200);
      expect((await ended(run.run_id)).at(-1)!.data).toMatchObject({ content: 'write beta done' });
      expect(replicas.effects.texts('beta')).toEqual(['beta']);
    },
    REPLICAS_TIMEOUT_MS,
  );

  it('is not executed when the user refuses, and the model reads why', async () => {
    const run = await aWaitingRun('gamma');
    expect((await decide(run, 'deny', { reason: 'Not on Fridays.' })).status).toBe(200);
    const events = await ended(run.run_id);
    const result = events.find(({ event }) => event === 'tool-result')!;
    expect(result.data).toMatchObject({ is_error: true, result: { error: { code: 'approval_denied' } } });
    expect(JSON.stringify(book.calls('write gamma').at(-1)!.request.body)).toContain('Not on Fridays.');
    expect(events.at(-1)!.event).toBe('run-end');
    expect(replicas.effects.list('gamma')).toEqual([]);
    expect((await trailOf(run.run_id)).map(({ action }) => action)).toEqual([
      'tool.approval_requested',
      'tool.denied',
      'tool.refused',
    ]);
  });

  it('is decided once: of many at the same time one counts', async () => {
    const run = await aWaitingRun('delta');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        decide(run, index % 2 === 0 ? 'approve' : 'deny', { on: index % 3 === 0 ? one : two }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    await ended(run.run_id);
    const again = await decide(run, 'approve');
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([
      409,
      'approval_decided',
    ]);
    expect(replicas.effects.list('delta').length).toBeLessThanOrEqual(1);
  });

  it('is nobody else’s to decide, and only calls that were asked about can be decided', async () => {
    const run = await aWaitingRun('epsilon');
    const eve = await replicas.user();
    expect((await decide(run, 'approve', { user: eve })).status).toBe(404);
    const asked = run.approvals[0]!;
    const other = { ...run, approvals: [{ ...asked, tool_call_id: 'another' }] };
    expect((await decide(other, 'approve')).status).toBe(404);
    expect((await decide({ ...run, run_id: run.session_id }, 'approve')).status).toBe(404);
    expect((await readRun(run.run_id)).status).toBe('waiting');
    expect(replicas.effects.list('epsilon')).toEqual([]);
    expect((await ada.on(one).post(`${RUNS}/${run.run_id}/cancel`)).status).toBe(200);
    await until(async () => (await readRun(run.run_id)).status === 'cancelled');
    expect((await decide(run, 'approve')).status).toBe(409);
    expect(replicas.effects.list('epsilon')).toEqual([]);
  });

  it('is good for these arguments alone', async () => {
    const run = await aWaitingRun('zeta');
    // Whoever could change the journal could not change what was agreed to.
    await replicas.database.dataSource.query(
      `UPDATE tool_approval SET call_hash = 'another' WHERE run_id = $1`,
      [run.run_id],
    );
    expect((await decide(run, 'approve')).status).toBe(200);
    const events = await ended(run.run_id);
    expect(events.find(({ event }) => event === 'tool-result')!.data).toMatchObject({
      result: { error: { code: 'approval_required' } },
    });
    expect(replicas.effects.list('zeta')).toEqual([]);
  });

  it('keeps its conversation to itself, and goes on in an open stream', async () => {
    models.reset().always(oneTool('append_line', { text: 'eta' }));
    const seen: StreamedEvent[] = [];
    const response = await ada.on(one).post(`${CHAT}/stream`, { message: 'write eta' });
    const streamed = (async () => {
      for await (const event of readStream(response)) seen.push(event);
    })();
    await until(() => seen.at(-1)?.event === 'approval-request');
    const { run_id: runId, session_id: sessionId } = seen[0]!.data;
    expect(seen.at(-1)!.data).toMatchObject({ tool_name: 'append_line', input: { text: 'eta' }, step: 1 });
    const blocked = await ada.on(two).post(CHAT, { message: 'more', session_id: sessionId });
    expect(blocked.status).toBe(409);
    await decide(await readRun(runId!), 'approve');
    await streamed;
    expect(seen.at(-1)!.event).toBe('run-end');
    expect(seen.map(({ id }) => id)).toEqual(seen.map((_, index) => index + 1));
  });

  it('goes on waiting when its listener leaves', async () => {
    models.reset().always(oneTool('append_line', { text: 'theta' }));
    const leave = new AbortController();
    const response = await ada
      .on(one)
      .post(`${CHAT}/stream`, { message: 'write theta' }, { signal: leave.signal });
    let runId: string | undefined;
    for await (const event of readStream(response)) {
      runId ??= event.data.run_id!;
      if (event.event === 'approval-request') break;
    }
    leave.abort();
    await decide(await readRun(runId!), 'approve');
    expect((await ended(runId!)).at(-1)!.data).toMatchObject({ content: 'write theta done' });
    expect(replicas.effects.texts('theta')).toEqual(['theta']);
  });

  it('is refused when nobody has agreed in time', async () => {
    const run = await aWaitingRun('iota');
    await replicas.database.dataSource.query(
      `UPDATE tool_approval SET expires_at = clock_timestamp() WHERE run_id = $1`,
      [run.run_id],
    );
    const late = await decide(run, 'approve');
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([409, 'approval_expired']);
    const events = await ended(run.run_id);
    expect(events.find(({ event }) => event === 'tool-result')!.data).toMatchObject({
      result: { error: { code: 'approval_expired' } },
    });
    expect(replicas.effects.list('iota')).toEqual([]);
    expect((await readRun(run.run_id)).approvals[0]!.status).toBe('expired');
  });

  it('holds nothing of the user’s budget while it waits', async () => {
    const eve = await replicas.user();
    const run = await aWaitingRun('kappa', eve);
    await until(async () => {
      const usage = (await (await eve.on(two).get('/api/v1/usage')).json()) as {
        budgets: Record<string, { reserved: string }>;
      };
      return Object.values(usage.budgets).every(({ reserved }) => Number(reserved) === 0);
    });
    expect((await decide(run, 'deny', { user: eve })).status).toBe(200);
  });

  it('tells whoever follows later the same story', async () => {
    const run = await aWaitingRun('lambda');
    await decide(run, 'approve');
    const live = await ended(run.run_id);
    const again = await collect(followRun(ada.on(one), run.run_id));
    expect(again.events).toEqual(live);
  });
});

describe('a tool that is taken from a user', () => {
  let models: ModelServer;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    replicas = await startReplicas({ count: 2, env: compatibleWith(models.url) });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  it(
    'is within seconds not listed, not offered to the model, and not executed, on any replica',
    async () => {
      const [root, ada] = [await replicas.user(), await replicas.user()];
      const idOf = async (user: ReplicaUser): Promise<string> =>
        ((await (await user.on(one).get('/api/v1/auth/me')).json()) as { id: string }).id;
      await replicas.database.dataSource.query(
        `UPDATE user_account SET roles = '{user,admin}' WHERE id = $1`,
        [await idOf(root)],
      );
      const adaId = await idOf(ada);
      const listed = async (on: Replica): Promise<string[]> =>
        (
          (await (await ada.on(on).get('/api/v1/agent/tools')).json()) as { tools: { name: string }[] }
        ).tools.map(({ name }) => name);
      expect(await listed(two)).toContain('calculator');

      // A run that began before, in the middle of a slow tool; then it asks for what is taken meanwhile.
      let step = 0;
      models.reset().always(() => {
        step += 1;
        if (step === 1) return { toolCalls: [{ id: 'a', name: 'hang', arguments: { ms: 6_000 } }] };
        if (step === 2)
          return { toolCalls: [{ id: 'b', name: 'calculator', arguments: { expression: '1+1' } }] };
        return { text: 'done' };
      });
      const answer = ada.on(one).post(CHAT, { message: 'slow' });
      await until(() => replicas.effects.list('6000').length === 1);
      await until(async () => {
        const changed = await root.on(one).patch(`/api/v1/admin/users/${adaId}`, {
          tools: { allowed: ['current_time', 'hang'] },
        });
        return changed.status === 200;
      }, 5_000);
      await until(async () => !(await listed(two)).includes('calculator'), 5_000);
      await until(async () => !(await listed(one)).includes('calculator'), 5_000);
      const direct = await ada.on(two).post('/api/v1/agent/tools/calculator', { expression: '1+1' });
      expect(direct.status).toBe(403);

      const chat = (await (await answer).json()) as {
        content: string;
        tool_calls: readonly { tool_name: string; result: { error?: { code: string } } }[];
      };
      expect(chat.tool_calls.map(({ tool_name, result }) => [tool_name, result.error?.code])).toEqual([
        ['hang', undefined],
        ['calculator', 'forbidden'],
      ]);
      const offered = models.requests.map(({ body }) =>
        (body.tools as { function: { name: string } }[]).map((tool) => tool.function.name),
      );
      expect(offered[0]).toContain('calculator');
      expect(offered[1]).not.toContain('calculator');
    },
    REPLICAS_TIMEOUT_MS,
  );
});
