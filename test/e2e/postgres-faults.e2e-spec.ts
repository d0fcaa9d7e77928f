import { jest } from '@jest/globals';
import { Client } from 'pg';
import { expectValidConversation, readMessages } from '../support/conversation-checks.js';
import { ModelServer } from '../support/model-server/model-server.js';
import {
  echo,
  lastUserText,
  ModelBook,
  type Script,
  stepText,
  storyOf,
  storyText,
  threeSteps,
} from '../support/perch/conversation-script.js';
import { assertGapFree, isLast, type StreamRead } from '../support/perch/follow-run.js';
import type { ApiClient } from '../support/perch/api-client.js';
import { Reading } from '../support/perch/reading.js';
import { becomeReady, expectUnharmed, readinessOf, timed } from '../support/perch/replica-checks.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { CuttingProxy } from '../support/servers/cutting-proxy.js';
import { onServer } from '../support/servers/on-server.mjs';
import { type OwnPostgres, startOwnPostgres } from '../support/servers/own-postgres.js';
import { createTestDatabase, type TestDatabase } from '../support/servers/test-database.js';
import { until } from '../support/until.js';

jest.setTimeout(REPLICAS_TIMEOUT_MS);

const CHAT = '/api/v1/agent/chat';
const CHAT_STREAM = `${CHAT}/stream`;
const RUNS = '/api/v1/agent/runs';
const LEASE_MS = 3_000;
const DOWN = { status: 503, checks: { database: 'down' } };

const WORDS = 100;
/** "a story…" takes more than a second to tell, "steps…" is three model calls with tools; everything else is echoed at once. */
const script: Script = (request) => {
  const text = lastUserText(request);
  if (text.startsWith('a story')) return storyOf(WORDS, { delayMs: 10 })(request);
  if (text.startsWith('steps')) return threeSteps({ delayMs: 10 })(request);
  return echo()(request);
};

interface Run {
  readonly status: string;
  readonly stop_reason: string | null;
}

async function readRun(client: ApiClient, runId: string): Promise<Run> {
  const response = await client.get(`${RUNS}/${runId}`);
  if (response.status !== 200) throw new Error(`run: ${response.status} ${await response.text()}`);
  return (await response.json()) as Run;
}

function expectWhole({ events, isBroken }: StreamRead, text: string): void {
  assertGapFree(events.map(({ id }) => id));
  expect(isBroken).toBe(false);
  expect(events.findIndex(isLast)).toBe(events.length - 1);
  expect(events.at(-1)!.event).toBe('run-end');
  expect(streamedText(events)).toBe(text);
}

async function expectUnavailable(response: Response | Promise<Response>): Promise<void> {
  const answer = await response;
  expect({ status: answer.status, body: await answer.json() }).toMatchObject({
    status: 503,
    body: { code: 'dependency_unavailable' },
  });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('a PostgreSQL that fails', () => {
  let models: ModelServer;
  let book: ModelBook;
  let postgres: OwnPostgres;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    models.always(script);
    book = new ModelBook(models);
    postgres = await startOwnPostgres();
    replicas = await startReplicas({
      count: 2,
      databaseUrl: postgres.url,
      redisUrl: null,
      env: {
        ...compatibleWith(models.url),
        DATABASE_POOL_SIZE: '2',
        PERCH_LEASE_SECONDS: `${LEASE_MS / 1000}`,
      },
    });
    [one, two] = replicas.all as [Replica, Replica];
  });
  afterAll(async () => {
    await replicas.stop();
    await postgres.dispose();
    await models.stop();
  });
  beforeEach(async () => {
    await postgres.start();
    await becomeReady(replicas.all);
    models.reset().always(script);
  });
  afterEach(() => replicas.all.forEach(expectUnharmed));

  const admin = <T>(work: (client: Client) => Promise<T>): Promise<T> => onServer(postgres.url, work);

  describe('stopped in the middle of an answer', () => {
    it('F23: the answer reaches its reader, and is complete in the database once it is back', async () => {
      const ada = (await replicas.user()).on(one);
      const { pid } = one;
      const told = await Reading.of(ada.post(CHAT_STREAM, { message: 'a story' }));
      await told.has(5);
      await postgres.stop();
      const seen = told.events.length;
      await until(() => told.events.length > seen + 20);

      expect(await readinessOf(one)).toEqual(DOWN);
      expect((await one.anonymous().get('/health/live')).status).toBe(200);
      const tookMs = await timed(() => expectUnavailable(ada.post(CHAT, { message: 'and me?' })));
      expect(tookMs).toBeLessThan(2_000);
      await until(() => streamedText(told.events) === storyText(WORDS));
      expect(told.isOver).toBe(false);

      await postgres.start();
      expectWhole(await told.whole, storyText(WORDS));
      await becomeReady(replicas.all);
      expect(await readRun(ada, told.runId)).toMatchObject({ status: 'completed', stop_reason: 'finished' });
      const messages = await readMessages(ada, told.sessionId);
      expectValidConversation(messages);
      expect(messages.map(({ content }) => content)).toEqual(['a story', storyText(WORDS)]);
      expect(book.counts('a story')).toMatchObject({ arrived: 1, completed: 1 });
      expect(book.counts('and me?').arrived).toBe(0);
      expect(one.pid).toBe(pid);
      expect((await ada.chat({ message: 'again' })).content).toBe('again');
    });

    it('F23: for longer than the lease it still is the run of its owner, called once and executed once', async () => {
      const ada = (await replicas.user()).on(one);
      const message = 'steps over an outage';
      const told = await Reading.of(ada.post(CHAT_STREAM, { message }));
      await replicas.effects.happened(`${message} 1`);
      await postgres.stop();
      const since = performance.now();
      const failed = (replica: Replica): number => replica.logged('worker.beat_failed').length;
      const before = replicas.all.map(failed);
      await until(
        () =>
          performance.now() - since > LEASE_MS * 1.2 &&
          replicas.all.every((replica, index) => failed(replica) > before[index]!),
        LEASE_MS * 3,
      );
      await postgres.start();
      expectWhole(await told.whole, `${stepText(message, 1)}${stepText(message, 2)}${message} done`);
      expect(book.steps(message)).toEqual([1, 2, 3]);
      expect(replicas.effects.texts(message)).toEqual([`${message} 1`, `${message} 2`]);
      for (const replica of replicas.all) expect(replica.logged('agent.run.taken_over')).toEqual([]);
      expectValidConversation(await readMessages(ada, told.sessionId));
    });

    it('F23: a message that was acknowledged is there, and so is its answer', async () => {
      const ada = (await replicas.user()).on(two);
      const accepted = await ada.post(RUNS, { message: 'in the background' });
      const told = await Reading.of(ada.post(CHAT_STREAM, { message: 'in the foreground' }));
      await postgres.stop();
      expect(accepted.status).toBe(202);
      const background = (await accepted.json()) as { run_id: string; session_id: string };
      await postgres.start();
      await becomeReady(replicas.all);
      expectWhole(await told.whole, 'in the foreground');
      await until(async () => (await readRun(ada, background.run_id)).status === 'completed', 10_000);
      for (const [sessionId, text] of [
        [background.session_id, 'in the background'],
        [told.sessionId, 'in the foreground'],
      ] as const) {
        const messages = await readMessages(ada, sessionId);
        expect(messages.map(({ content }) => content)).toEqual([text, text]);
      }
    });

    it('F23: among many requests each is answered or refused, and no run stays behind for ever', async () => {
      const user = await replicas.user();
      const asked = Array.from({ length: 60 }, (_, index) => {
        const client = user.on(replicas.all[index % 2]!);
        return client.post(index % 3 === 0 ? RUNS : CHAT, { message: `crowd ${index}` });
      });
      await until(() => book.counts().arrived >= 5);
      await postgres.stop();
      await postgres.start();
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.filter((status) => ![200, 202, 503].includes(status))).toEqual([]);
      await becomeReady(replicas.all);
      await until(async () => {
        const open = await admin((client) => client.query(`SELECT 1 FROM run WHERE ended_at IS NULL`));
        return open.rowCount === 0;
      }, 15_000);
      const lost = await admin((client) =>
        client.query(
          `SELECT r.id, r.status FROM run r WHERE r.user_id = (SELECT max(id::text)::uuid FROM user_account)
              AND (r.status <> 'completed' OR
                   (SELECT string_agg(m.role, ',' ORDER BY m.seq) FROM message m WHERE m.run_id = r.id) <> 'user,assistant')`,
        ),
      );
      expect(lost.rows).toEqual([]);
    });
  });

  it('F24: with its pool exhausted it refuses in time, and goes on being ready', async () => {
    const ada = (await replicas.user()).on(one);
    const { session_id: sessionId } = await ada.chat({ message: 'first' });
    const locker = new Client({ connectionString: postgres.url });
    await locker.connect();
    await locker.query('BEGIN');
    await locker.query('SELECT 1 FROM conversation WHERE id = $1 FOR UPDATE', [sessionId]);
    const held = ['second', 'third'].map((message) => ada.post(CHAT, { message, session_id: sessionId }));
    await until(async () => {
      const waiting = await admin((client) =>
        client.query(
          `SELECT 1 FROM pg_stat_activity WHERE application_name = 'perch' AND wait_event_type = 'Lock'`,
        ),
      );
      return waiting.rowCount === 2;
    });

    const refused = timed(() => expectUnavailable(ada.get(`/api/v1/agent/conversations/${sessionId}`)));
    expect(await readinessOf(one)).toEqual({ status: 200, checks: { database: 'up' } });
    expect(await refused).toBeLessThan(6_000);

    await locker.query('ROLLBACK');
    await locker.end();
    const statuses = await Promise.all(held.map(async (response) => (await response).status));
    expect(statuses.filter((status) => status !== 409)).toContain(200);
    const messages = await readMessages(ada, sessionId);
    expectValidConversation(messages);
  });

  describe('giving up statements for the sake of others', () => {
    const giveUp = (code: string, times: number): Promise<unknown> =>
      admin((client) =>
        client.query(`
          CREATE SEQUENCE tries;
          CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF nextval('tries') <= ${times} THEN RAISE EXCEPTION 'given up' USING ERRCODE = '${code}'; END IF;
              RETURN NEW;
            END $$;
          CREATE TRIGGER give_up BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION give_up()`),
      );
    const tries = async (): Promise<number> => {
      const { rows } = await admin((client) =>
        client.query<{ last_value: string }>('SELECT last_value FROM tries'),
      );
      return Number(rows[0]!.last_value);
    };
    afterEach(() => admin((client) => client.query('DROP FUNCTION give_up CASCADE; DROP SEQUENCE tries')));

    it.each(['40001', '40P01'])('F25: three times with %s: nobody notices', async (code) => {
      const ada = (await replicas.user()).on(one);
      await giveUp(code, 3);
      const { content, session_id: sessionId } = await ada.chat({ message: 'again and again' });
      expect(content).toBe('again and again');
      expect(await tries()).toBe(4);
      expect(await readMessages(ada, sessionId)).toHaveLength(2);
    });

    it.each(['40001', '40P01'])('F25: for ever with %s: refused after three repetitions', async (code) => {
      const ada = (await replicas.user()).on(one);
      await giveUp(code, 1_000);
      await expectUnavailable(ada.post(CHAT, { message: 'in vain' }));
      expect(await tries()).toBe(4);
      expect(book.counts('in vain').arrived).toBe(0);
    });
  });

  it('F26: read-only it refuses what writes, answers what reads, and lets runs wait', async () => {
    const [ada, bob] = [await replicas.user(), await replicas.user()];
    const { run_id: runId, session_id: sessionId } = await ada.on(one).chat({ message: 'before' });
    const told = await Reading.of(bob.on(one).post(CHAT_STREAM, { message: 'a story' }));
    const setReadOnly = (value: 'on' | 'off'): Promise<unknown> =>
      admin(async (client) => {
        await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
        await client.query('SELECT pg_reload_conf()');
      });
    try {
      await setReadOnly('on');
      for (const replica of replicas.all) {
        await until(async () => (await bob.on(replica).post(CHAT, { message: 'a word' })).status === 503);
      }
      // The other replica has not seen this user yet: who it is has to be read as well.
      const client = ada.on(two);
      const conversation = `/api/v1/agent/conversations/${sessionId}`;
      const messages = await readMessages(client, sessionId);
      expect(messages.map(({ content }) => content)).toEqual(['before', 'before']);
      expect(await readRun(client, runId)).toMatchObject({ status: 'completed' });
      for (const path of ['/api/v1/auth/me', '/api/v1/agent/conversations', `${RUNS}/${runId}/events`]) {
        expect((await client.get(path)).status).toBe(200);
      }
      for (const write of [
        () => client.post(CHAT, { message: 'x' }),
        () => client.post(CHAT_STREAM, { message: 'x', session_id: sessionId }),
        () => client.post(RUNS, { message: 'x' }),
        () => client.patch(conversation, { title: 'x' }),
        () => client.delete(conversation),
        () =>
          client.post('/api/v1/auth/register', {
            email: 'new@example.com',
            password: 'correct horse battery',
          }),
      ]) {
        await expectUnavailable(write());
      }
      await until(() => streamedText(told.events) === storyText(WORDS));
      expect(told.isOver).toBe(false);
    } finally {
      await setReadOnly('off');
    }
    expectWhole(await told.whole, storyText(WORDS));
    await becomeReady(replicas.all);
    for (const replica of replicas.all) {
      await until(async () => (await ada.on(replica).post(CHAT, { message: 'after' })).status === 200);
    }
  });
});

describe('a PostgreSQL whose answer is lost', () => {
  let models: ModelServer;
  let book: ModelBook;
  let database: TestDatabase;
  let proxy: CuttingProxy;
  let replicas: Replicas;
  let one: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    models.always(script);
    book = new ModelBook(models);
    database = await createTestDatabase();
    proxy = await CuttingProxy.before(database.url);
    replicas = await startReplicas({
      count: 1,
      databaseUrl: proxy.url(database.url),
      redisUrl: null,
      env: compatibleWith(models.url),
    });
    one = replicas.all[0]!;
  });
  afterAll(async () => {
    await replicas.stop();
    await proxy.stop();
    await database.drop();
    await models.stop();
  });
  afterEach(() => expectUnharmed(one));

  const isInDatabase = async (condition: string): Promise<boolean> =>
    (await database.dataSource.query<unknown[]>(`SELECT 1 FROM run WHERE ${condition}`)).length > 0;

  it('F23: the end is written once, although it is sent again', async () => {
    const ada = (await replicas.user()).on(one);
    const told = await Reading.of(ada.post(CHAT_STREAM, { message: 'a story' }));
    proxy.muteAt('SET status = $3');
    await until(() => isInDatabase(`id = '${told.runId}' AND ended_at IS NOT NULL`));
    proxy.cut();
    expectWhole(await told.whole, storyText(WORDS));
    const messages = await readMessages(ada, told.sessionId);
    expect(messages.map(({ content }) => content)).toEqual(['a story', storyText(WORDS)]);
    expect(book.counts('a story').arrived).toBe(1);
  });

  it.each([
    ['a step', 'INSERT INTO step', `kind = 'tool'`],
    ['a result', 'UPDATE step', `kind = 'tool' AND status = 'done'`],
  ])('F23: %s is written once, although it is sent again', async (what, statement, written) => {
    const ada = (await replicas.user()).on(one);
    const message = `steps with ${what}`;
    const told = await Reading.of(ada.post(CHAT_STREAM, { message }));
    proxy.muteAt(statement);
    await until(() =>
      isInDatabase(`EXISTS (SELECT 1 FROM step WHERE run_id = '${told.runId}' AND ${written})`),
    );
    proxy.cut();
    expectWhole(await told.whole, `${stepText(message, 1)}${stepText(message, 2)}${message} done`);
    expectValidConversation(await readMessages(ada, told.sessionId));
    expect(book.steps(message)).toEqual([1, 2, 3]);
    expect(replicas.effects.texts(message)).toEqual([`${message} 1`, `${message} 2`]);
  });

  it.each([
    ['its admission', CHAT, 'INSERT INTO run ', 503],
    ['its claim', RUNS, 'COMMIT', 202],
  ])(
    'F23: a run is found and driven to its end when the answer to %s is lost',
    async (what, path, statement, status) => {
      const ada = (await replicas.user()).on(one);
      const message = `alone after ${what}`;
      await ada.chat({ message: 'warm' });
      proxy.muteAt(statement);
      const asked = ada.post(path, { message });
      await until(() => isInDatabase(`status = 'running'`));
      proxy.cut();
      expect((await asked).status).toBe(status);
      await until(() => isInDatabase(`ended_at IS NULL`).then((is) => !is), 10_000);
      expect(book.counts(message)).toMatchObject({ arrived: 1, completed: 1 });
      expect(await isInDatabase(`status <> 'completed'`)).toBe(false);
    },
  );
});
