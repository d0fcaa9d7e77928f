import { Redis } from 'ioredis';
import { v7 } from 'uuid';
import { ModelServer } from '../support/model-server/model-server.js';
import { ApiClient } from '../support/perch/api-client.js';
import { lastUserText, oneTool, type Script, stepOf, storyOf } from '../support/perch/conversation-script.js';
import { Reading } from '../support/perch/reading.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { tracesInDatabase, tracesInRedis } from '../support/perch/traces.js';
import { describeWithRedis } from '../support/servers/test-redis.js';
import { until } from '../support/until.js';

const CHAT = '/api/v1/agent/chat';
const PASSWORD = 'correct horse battery';
const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const RULES = JSON.stringify({ append_line: { approval: 'always' } });

/** What everything of the user has in it: one word, so that it is one word of the search index too. */
const CANARY = `kanarie${Date.now().toString(36)}x`;

interface Line {
  readonly record: string;
  readonly [member: string]: unknown;
}

describeWithRedis('a user who has everything', (redisUrl) => {
  let models: ModelServer;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let redis: Redis;
  beforeAll(async () => {
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 2,
      redisUrl,
      env: compatibleWith(models.url, { ...ADMIN, LOG_LEVEL: 'trace', PERCH_TOOL_RULES: RULES }),
    });
    [one, two] = replicas.all as [Replica, Replica];
    redis = new Redis(redisUrl);
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    redis.disconnect();
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  const sql = <Row>(text: string, parameters: unknown[] = []): Promise<Row[]> =>
    replicas.database.dataSource.query<Row[]>(text, parameters);

  async function login(replica: Replica, email: string, password = PASSWORD): Promise<Response> {
    return replica.anonymous().post('/api/v1/auth/login', { email, password });
  }

  async function register(email: string): Promise<{ client: ApiClient; id: string; refreshToken: string }> {
    const response = await one.anonymous().post('/api/v1/auth/register', { email, password: PASSWORD });
    expect(response.status).toBe(201);
    const body = (await response.json()) as {
      access_token: string;
      refresh_token: string;
      user: { id: string };
    };
    return {
      client: new ApiClient(one.url, body.access_token),
      id: body.user.id,
      refreshToken: body.refresh_token,
    };
  }

  /** Everything that a user can have, with `word` in all of it. Returns a stream that is still going on, on the other replica. */
  async function liveALife(client: ApiClient, id: string, word: string): Promise<Reading> {
    const there = new ApiClient(two.url, client.token);
    expect((await client.put('/api/v1/agent/memories/settings', { enabled: true })).status).toBe(200);
    expect((await client.post('/api/v1/agent/memories', { text: `Likes ${word}.` })).status).toBe(201);

    // A conversation with a tool, a fact of the model's, a title, pinned words and a summary.
    models.reset().always(oneTool('remember', { fact: `${word} is the user's.` }));
    const first = await client.post(
      CHAT,
      { message: `Remember ${word}`, context: { about: word } },
      { headers: { 'idempotency-key': `${word}-1` } },
    );
    expect(first.status).toBe(200);
    const { session_id: sessionId, tool_calls: calls } = (await first.json()) as {
      session_id: string;
      tool_calls: { is_error: boolean }[];
    };
    expect(calls).toEqual([expect.objectContaining({ is_error: false })]);
    await client.patch(`/api/v1/agent/conversations/${sessionId}`, { title: `About ${word}` });
    await sql(
      `INSERT INTO conversation_summary (conversation_id, version, covers_to_seq, text, model, created_at)
       VALUES ($1, 1, 1, $2, 'm', now())`,
      [sessionId, `They spoke of ${word}.`],
    );
    await sql(
      `INSERT INTO message_vector (message_id, conversation_id, user_id, seq, model)
       SELECT id, conversation_id, user_id, seq, 'm' FROM message WHERE conversation_id = $1`,
      [sessionId],
    );
    await sql(
      `INSERT INTO alert (id, user_id, kind, scope, threshold, period, limit_usd, spent_usd, created_at)
       VALUES ($1, $2, 'budget', 'daily_cost', 50, '2026-11-30', 1, 1, now())`,
      [v7(), id],
    );
    await sql(
      `INSERT INTO tool_credential (user_id, server, sealed, updated_at) VALUES ($1, 'mail', $2, now())`,
      [id, Buffer.from(word)],
    );

    // A call that was refused with a reason, and one that waits.
    models.reset().always(oneTool('append_line', { text: `write ${word}` }));
    const refused = (await (await client.post(CHAT, { message: `Write ${word}` })).json()) as {
      run_id: string;
      approvals: { tool_call_id: string }[];
    };
    await client.post(`/api/v1/agent/runs/${refused.run_id}/approvals`, {
      tool_call_id: refused.approvals[0]!.tool_call_id,
      decision: 'deny',
      reason: `not ${word}`,
    });
    await until(async () => {
      const run = await (await client.get(`/api/v1/agent/runs/${refused.run_id}`)).json();
      return (run as { status: string }).status === 'completed';
    });
    expect((await client.post(CHAT, { message: `Write ${word} again` })).status).toBe(202);

    // Runs that fail: at the model, in the middle, and at a tool that there is not.
    models.reset().always({ fault: { status: 400, body: { error: { message: `what is ${word}?` } } } });
    expect((await client.post(CHAT, { message: `Fail ${word}` })).status).toBeGreaterThanOrEqual(500);
    models.reset().always({ text: `${word} and so on`, chunkSize: 3, fault: { resetAfterEvents: 4 } });
    await client.post(CHAT, { message: `Break ${word}` });
    models.reset().always(invented(word));
    await client.post(CHAT, { message: `Invent ${word}` });
    await client.post(CHAT, { message: `Refused`, [word]: word });
    await client.post('/api/v1/agent/tools/calculator', { expression: word });

    // In the background, and one that is going on.
    models.reset().always(storyWith(word));
    const background = await client.post('/api/v1/agent/runs', { message: `Later ${word}` });
    const reading = await Reading.of(there.post(`${CHAT}/stream`, { message: `Now ${word}` }));
    await reading.has(8);
    const { run_id: runId } = (await background.json()) as { run_id: string };
    await until(async () => (await tracesInRedis(redis, runId)).length > 0);
    return reading;
  }

  it(
    'can take it along, and then nothing of it is left anywhere but what was spent and that something was done',
    async () => {
      const { client, id, refreshToken } = await register(`${CANARY}@example.com`);
      const bystander = await register(`bystander-${v7()}@example.com`);
      await bystander.client.put('/api/v1/agent/memories/settings', { enabled: true });
      await bystander.client.post('/api/v1/agent/memories', { text: 'Stays.' });
      const reading = await liveALife(client, id, CANARY);
      models.always(storyOf(3));
      await bystander.client.chat({ message: 'I stay.' });
      const theirs = (): Promise<object> => rowsOf(bystander.id);
      const before = await theirs();
      expect(Object.values(before).filter((count) => count > 0).length).toBeGreaterThan(5);

      // Everywhere, or the test would prove nothing.
      const found = (await tracesInDatabase(replicas.database.dataSource, CANARY)).map(
        (line) => line.split(':')[0],
      );
      expect(found).toEqual(
        expect.arrayContaining([
          ...['conversation', 'conversation_summary', 'idempotency_key', 'message', 'message_index', 'run'],
          ...['run_event', 'step', 'tool_approval', 'tool_credential', 'user_account', 'user_memory'],
        ]),
      );
      expect((await tracesInRedis(redis, CANARY)).length).toBeGreaterThan(0);

      const exported = await client.get('/api/v1/account/export');
      expect([exported.status, exported.headers.get('content-disposition')]).toEqual([
        200,
        'attachment; filename="perch-export.ndjson"',
      ]);
      const lines = (await exported.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      const kinds = new Set(lines.map(({ record }) => record));
      expect([...kinds].sort()).toEqual(
        [
          ...[
            'account',
            'alert',
            'approval',
            'audit_entry',
            'conversation',
            'end',
            'idempotency_key',
            'memory',
          ],
          ...[
            'message',
            'run',
            'run_events',
            'session',
            'settings',
            'step',
            'summary',
            'tool_credential',
            'usage',
          ],
        ].sort(),
      );
      expect(lines.at(-1)).toMatchObject({ record: 'end', records: lines.length - 1 });
      for (const kind of [
        'account',
        'approval',
        'conversation',
        'memory',
        'message',
        'run',
        'step',
        'summary',
      ]) {
        const text = JSON.stringify(lines.filter(({ record }) => record === kind));
        expect([kind, text.includes(CANARY)]).toEqual([kind, true]);
      }
      expect(JSON.stringify(lines)).not.toContain('argon2');
      expect(JSON.stringify(lines)).not.toContain(bystander.id);

      // Not without the password; then, while a run goes on and another waits for somebody's yes.
      const erase = (body: object): Promise<Response> =>
        fetch(`${one.url}/api/v1/account`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      for (const wrong of [{}, { password: 'wrong horse' }, { email: `${CANARY}@example.com` }]) {
        const refused = await erase(wrong);
        expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
          403,
          'not_confirmed',
        ]);
      }
      const [usage] = await sql<{ count: string }>(`SELECT count(*) FROM usage_record WHERE user_id = $1`, [
        id,
      ]);
      expect(reading.isOver).toBe(false);
      const erased = await erase({ password: PASSWORD });
      expect(erased.status).toBe(200);
      const proof = (await erased.json()) as {
        user_id: string;
        erased: Record<string, number>;
        cleared: string[];
        kept: { usage_records: number; audit_entries: number };
      };
      expect(proof).toMatchObject({
        user_id: id,
        erased: {
          user_account: 1,
          user_memory: 2,
          conversation_summary: 1,
          idempotency_key: 1,
          tool_approval: 2,
          tool_credential: 1,
          alert: 1,
          refresh_token: 1,
        },
        cleared: ['answer_cache', 'limits', 'live_events'],
      });
      for (const table of [
        'conversation',
        'message',
        'message_index',
        'message_vector',
        'run',
        'step',
        'run_event',
      ]) {
        expect([table, proof.erased[table]! > 0]).toEqual([table, true]);
      }
      await reading.whole;

      // 401 everywhere within seconds.
      expect((await client.get('/api/v1/auth/me')).status).toBe(401);
      const there = new ApiClient(two.url, client.token);
      await until(async () => (await there.get('/api/v1/auth/me')).status === 401);
      expect((await there.post(CHAT, { message: 'hi' })).status).toBe(401);
      expect((await login(two, `${CANARY}@example.com`)).status).toBe(401);
      const refreshed = await two.anonymous().post('/api/v1/auth/refresh', { refresh_token: refreshToken });
      expect(refreshed.status).toBe(401);

      // Nothing of it anywhere. The run on the other replica has ended by then: it cannot bring anything back.
      await until(() =>
        models.requests.every(({ completedAt, clientClosedAt }) => completedAt ?? clientClosedAt),
      );
      expect(await tracesInDatabase(replicas.database.dataSource, CANARY)).toEqual([]);
      expect(await tracesInRedis(redis, CANARY)).toEqual([]);
      const left = await tracesInDatabase(replicas.database.dataSource, id);
      expect(left.map((line) => line.split(':')[0])).toEqual(['audit_entry', 'usage_record']);
      expect(proof.kept).toMatchObject({
        usage_records: expect.any(Number) as number,
        audit_entries: Number(left[0]!.split(': ')[1]),
      });
      expect(proof.kept.usage_records).toBeGreaterThanOrEqual(Number(usage!.count));
      expect(Number(usage!.count)).toBeGreaterThan(3);
      const logged = [one, two].flatMap(({ logs }) => logs.map((line) => JSON.stringify(line)));
      expect(logged.length).toBeGreaterThan(50);
      expect(logged.filter((line) => line.toLowerCase().includes(CANARY))).toEqual([]);

      for (const { url } of [one, two]) {
        expect((await (await fetch(`${url}/metrics`)).text()).toLowerCase()).not.toContain(CANARY);
      }

      // Vectors are made in the background, also meanwhile.
      expect({ ...(await theirs()), message_vector: 0 }).toEqual({ ...before, message_vector: 0 });
      expect((await bystander.client.get('/api/v1/auth/me')).status).toBe(200);
    },
    REPLICAS_TIMEOUT_MS,
  );

  it(
    'is exported and erased by an administrator, who is not the last one, and that is in the trail',
    async () => {
      const session = await login(one, ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
      const { access_token: token } = (await session.json()) as { access_token: string };
      const admin = new ApiClient(one.url, token);
      const { id: adminId } = (await (await admin.get('/api/v1/auth/me')).json()) as { id: string };
      const { client, id } = await register(`ada-${v7()}@example.com`);

      expect(await (await admin.get(`/api/v1/admin/users/${id}/export`)).text()).toContain('"record":"end"');
      for (const path of [`/api/v1/admin/users/${v7()}`, '/api/v1/admin/users/none']) {
        expect((await admin.delete(path)).status).toBe(404);
        expect((await admin.get(`${path}/export`)).status).toBe(404);
      }
      const last = await admin.delete(`/api/v1/admin/users/${adminId}`);
      expect([last.status, await last.json()]).toEqual([
        409,
        expect.objectContaining({ code: 'last_administrator' }),
      ]);
      expect((await admin.get('/api/v1/auth/me')).status).toBe(200);

      expect(await (await admin.delete(`/api/v1/admin/users/${id}`)).json()).toMatchObject({ user_id: id });
      expect((await client.get('/api/v1/auth/me')).status).toBe(401);
      expect((await admin.delete(`/api/v1/admin/users/${id}`)).status).toBe(404);
      const { entries } = (await (await admin.get('/api/v1/admin/audit?action=user.&limit=3')).json()) as {
        entries: object[];
      };
      expect(entries).toEqual(
        ['user.erased', 'user.erasure_requested', 'user.exported'].map((action): unknown =>
          expect.objectContaining({ action, actor_id: adminId, target_id: id }),
        ),
      );
    },
    REPLICAS_TIMEOUT_MS,
  );

  it(
    'is remembered only when they want it: the model then knows the facts, and may write them down without an approval',
    async () => {
      const { client } = await register(`eve-${v7()}@example.com`);
      const toolNames = async (): Promise<string[]> => {
        const { tools } = (await (await client.get('/api/v1/agent/tools')).json()) as {
          tools: { name: string }[];
        };
        return tools.map(({ name }) => name).filter((name) => ['remember', 'forget'].includes(name));
      };
      const listed = async (): Promise<{ id: string; text: string; origin: string; is_tainted: boolean }[]> =>
        ((await (await client.get('/api/v1/agent/memories')).json()) as { memories: never[] }).memories;
      const switchTo = (enabled: boolean): Promise<Response> =>
        client.put('/api/v1/agent/memories/settings', { enabled });

      expect(await toolNames()).toEqual([]);
      const off = await client.post('/api/v1/agent/memories', { text: 'Likes tea.' });
      expect([off.status, ((await off.json()) as { code: string }).code]).toEqual([409, 'memory_off']);
      expect((await client.post('/api/v1/agent/tools/remember', { fact: 'Likes tea.' })).status).toBe(403);

      await switchTo(true);
      expect(await (await client.get('/api/v1/agent/memories/settings')).json()).toEqual({
        enabled: true,
        available: true,
      });
      expect(await toolNames()).toEqual(['forget', 'remember']);
      models.reset().always(oneTool('remember', { fact: 'Likes tea.' }));
      expect(await client.chat({ message: 'Remember that I like tea.' })).toMatchObject({
        stop_reason: 'finished',
        tool_calls: [{ tool_name: 'remember', is_error: false, result: { remembered: true } }],
      });
      const [fact] = await listed();
      expect(fact).toMatchObject({ text: 'Likes tea.', origin: 'tool', is_tainted: false });

      // Another conversation, on the other replica.
      models.reset().always(oneTool('forget', { fact_id: fact!.id }));
      const answer = await new ApiClient(two.url, client.token).chat({ message: 'I hate tea now.' });
      const told = JSON.stringify(models.requests[0]!.body);
      expect(told).toContain('What the user has asked to be remembered');
      expect(told).toContain(fact!.id);
      expect(answer.tool_calls).toMatchObject([{ tool_name: 'forget', is_error: false }]);
      expect(await listed()).toEqual([]);
      const run = (await (await client.get(`/api/v1/agent/runs/${answer.run_id}`)).json()) as {
        context: { memories: number };
      };
      expect(run.context.memories).toBe(1);

      await client.post('/api/v1/agent/memories', { text: 'Likes coffee.' });
      await switchTo(false);
      models.reset().always(storyOf(2));
      await client.chat({ message: 'What do I like?' });
      expect(JSON.stringify(models.requests[0]!.body)).not.toContain('coffee');
      expect(await (await client.delete('/api/v1/agent/memories')).json()).toEqual({ deleted: 1 });

      const exports: number[] = [];
      for (let count = 0; count < 4; count += 1) {
        const response = await client.get('/api/v1/account/export');
        await response.text();
        exports.push(response.status);
      }
      expect(exports).toEqual([200, 200, 200, 429]);
    },
    REPLICAS_TIMEOUT_MS,
  );

  async function rowsOf(userId: string): Promise<Record<string, number>> {
    const traces = await tracesInDatabase(replicas.database.dataSource, userId);
    return Object.fromEntries(
      traces.map((line) => line.split(': ') as [string, string]).map(([t, n]) => [t, Number(n)]),
    );
  }
});

/** Calls a tool that there is not, by a name that tells. */
function invented(word: string): Script {
  return (request) =>
    stepOf(request) === 1
      ? { toolCalls: [{ name: `tool_${word}`, arguments: { about: word } }] }
      : { text: `There is no ${word}.` };
}

/** A long answer with the word in it, again and again. */
function storyWith(word: string): Script {
  return (request) =>
    lastUserText(request).startsWith('Later')
      ? { text: `${word} in the background` }
      : { text: `${word} goes on. `.repeat(500), chunkSize: 10, delayMs: 20 };
}
