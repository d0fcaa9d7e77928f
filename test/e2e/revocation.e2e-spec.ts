import { ModelServer } from '../support/model-server/model-server.js';
import { ApiClient } from '../support/perch/api-client.js';
import { ModelBook, oneTool, storyOf } from '../support/perch/conversation-script.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { readEvents, type StreamedEvent } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const PASSWORD = 'correct horse battery';
const IN_FORCE_WITHIN_MS = 5_000;

interface SignedIn {
  readonly access_token: string;
  readonly user: { readonly id: string };
}

/** What is revoked on one replica, where a stream is open on the other. */
describe('what is revoked on one of two replicas', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let root: ApiClient;
  let accounts = 0;
  let user: { email: string; id: string; client: ApiClient };
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({ count: 2, env: { ...compatibleWith(models.url), ...ADMIN } });
    [one, two] = replicas.all as [Replica, Replica];
    root = await login(ADMIN.AUTH_ADMIN_EMAIL, ADMIN.AUTH_ADMIN_PASSWORD);
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(async () => {
    // It goes on for much longer than any test waits.
    models.reset().always(storyOf(20_000, { delayMs: 5 }));
    accounts += 1;
    const email = `revoked-${accounts}@example.com`;
    const made = await one.anonymous().post('/api/v1/auth/register', { email, password: PASSWORD });
    const { access_token: token, user: account } = (await made.json()) as SignedIn;
    user = { email, id: account.id, client: new ApiClient(one.url, token) };
  });

  async function login(email: string, password = PASSWORD): Promise<ApiClient> {
    const answer = await one.anonymous().post('/api/v1/auth/login', { email, password });
    return new ApiClient(one.url, ((await answer.json()) as SignedIn).access_token);
  }

  async function aKey(): Promise<{ id: string; key: string }> {
    const made = await user.client.post('/api/v1/auth/api-keys', { name: 'a key' });
    return (await made.json()) as { id: string; key: string };
  }

  const on = (replica: Replica, { token }: ApiClient): ApiClient => new ApiClient(replica.url, token);
  const codeOf = async (client: ApiClient): Promise<unknown> => {
    const answer = await client.get('/api/v1/auth/me');
    return answer.status === 401 ? ((await answer.json()) as { code: string }).code : answer.status;
  };

  /** A stream of the other replica, read until somebody speaks; `rest` is all that comes then. */
  async function listening(client: ApiClient, message: string) {
    const response = await on(two, client).post('/api/v1/agent/chat/stream', { message });
    expect(response.status).toBe(200);
    const events = readEvents(response.body!);
    let runId = '';
    for (;;) {
      const { value } = (await events.next()) as { value: StreamedEvent };
      runId = value.data.run_id ?? runId;
      if (value.event === 'text-delta') break;
    }
    const rest = (async () => {
      const seen: StreamedEvent[] = [];
      for await (const event of events) seen.push(event);
      return seen;
    })();
    return { runId, rest };
  }

  async function expectRevoked(
    client: ApiClient,
    open: Awaited<ReturnType<typeof listening>>,
  ): Promise<void> {
    await until(async () => (await codeOf(on(two, client))) === 'token_revoked', IN_FORCE_WITHIN_MS);
    expect(await codeOf(client)).toBe('token_revoked');
    const last = (await open.rest).at(-1)!;
    expect(last).toMatchObject({
      event: 'run-error',
      id: NaN,
      data: { run_id: open.runId, partial: true, problem: { status: 401, code: 'token_revoked' } },
    });
  }

  it('a session is over on both, its stream included, and its run is cancelled like that of a client that left', async () => {
    const other = await login(user.email);
    const open = await listening(user.client, 'a story for a session');
    const { sessions } = (await (await other.get('/api/v1/auth/sessions')).json()) as {
      sessions: { id: string; is_current: boolean }[];
    };
    const { id } = sessions.find(({ is_current: isCurrent }) => !isCurrent)!;
    expect((await other.delete(`/api/v1/auth/sessions/${id}`)).status).toBe(204);
    await expectRevoked(user.client, open);
    await until(() => book.counts('a story for a session').aborted === 1);
    // Its end is written a moment after the model was left.
    await until(async () => {
      const run = await on(two, other).get(`/api/v1/agent/runs/${open.runId}`);
      return ((await run.json()) as { stop_reason: string | null }).stop_reason === 'cancelled';
    });
  });

  it('a key is over, streams of the same user that were opened by something else go on', async () => {
    const { id, key } = await aKey();
    const open = await listening(new ApiClient(one.url, key), 'a story for a key');
    const mine = await listening(user.client, 'a story of my own');
    expect((await user.client.delete(`/api/v1/auth/api-keys/${id}`)).status).toBe(204);
    await expectRevoked(new ApiClient(one.url, key), open);
    expect(await codeOf(on(two, user.client))).toBe(200);
    expect(book.counts('a story of my own')).toMatchObject({ open: 1, aborted: 0 });
    await user.client.post(`/api/v1/agent/runs/${mine.runId}/cancel`);
    expect((await mine.rest).at(-1)).toMatchObject({ event: 'run-end' });
  });

  it.each([
    ['disabled', (id: string) => root.patch(`/api/v1/admin/users/${id}`, { disabled: true })],
    ['deleted', (id: string) => root.delete(`/api/v1/admin/users/${id}`)],
  ])('a %s user has no session, key or stream left', async (what, act) => {
    const byKey = new ApiClient(one.url, (await aKey()).key);
    const open = await listening(user.client, `a story for a ${what} session`);
    const openByKey = await listening(byKey, `a story for a ${what} key`);
    expect((await act(user.id)).status).toBeLessThan(300);
    await expectRevoked(user.client, open);
    await expectRevoked(byKey, openByKey);
    await until(() => book.counts(`a story for a ${what} session`).open === 0);
  });

  it('ends the background runs of a user who is disabled, on the other replica too', async () => {
    const message = 'a story for nobody in particular';
    const started = await on(two, user.client).post('/api/v1/agent/runs', { message });
    const { run_id: runId } = (await started.json()) as { run_id: string };
    await until(() => book.counts(message).open === 1);
    await root.patch(`/api/v1/admin/users/${user.id}`, { disabled: true });
    await until(() => book.counts(message).aborted === 1, IN_FORCE_WITHIN_MS);
    await until(async () => {
      const sql = 'SELECT status FROM run WHERE id = $1';
      const [run] = await replicas.database.dataSource.query<{ status: string }[]>(sql, [runId]);
      return run?.status === 'cancelled';
    });
  });

  it('ends a stream whose notification was missed, and an answer that is waited for', async () => {
    const waiting = on(two, user.client).post('/api/v1/agent/chat', {
      message: 'an answer that is waited for',
    });
    const open = await listening(user.client, 'a story without a notification');
    // As by a statement of somebody who tells nobody.
    await replicas.database.dataSource.query(
      'UPDATE refresh_token SET revoked_at = now() WHERE user_id = $1',
      [user.id],
    );
    await expectRevoked(user.client, open);
    const answer = await waiting;
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'token_revoked' }]);
  });

  it('a key that may not use tools has none in its runs, wherever and whenever they are driven', async () => {
    models.reset().always(oneTool('append_line', { text: 'by a key' }));
    const made = await user.client.post('/api/v1/auth/api-keys', { name: 'runs', scopes: ['agent:run'] });
    const { key } = (await made.json()) as { key: string };
    const byKey = new ApiClient(two.url, key);
    expect((await byKey.chat({ message: 'at once' })).tool_calls).toMatchObject([{ is_error: true }]);
    const later = await byKey.post('/api/v1/agent/runs', { message: 'later' });
    const { run_id: runId } = (await later.json()) as { run_id: string };
    await until(async () => {
      const run = await byKey.get(`/api/v1/agent/runs/${runId}`);
      return ((await run.json()) as { status: string }).status === 'completed';
    });
    expect(replicas.effects.texts('by a key')).toEqual([]);
    await user.client.chat({ message: 'by myself' });
    expect(replicas.effects.texts('by a key')).toEqual(['by a key']);
    // The trail tells them apart.
    const sql = `SELECT actor_kind, action FROM audit_entry WHERE actor_id = $1 AND action LIKE 'tool.%' ORDER BY id`;
    expect(await replicas.database.dataSource.query(sql, [user.id])).toEqual([
      { actor_kind: 'key', action: 'tool.refused' },
      { actor_kind: 'key', action: 'tool.refused' },
      { actor_kind: 'user', action: 'tool.allowed' },
    ]);
  });
});
