import { ModelServer } from '../support/model-server/model-server.js';
import type { ReceivedRequest } from '../support/model-server/model-server.js';
import { lastUserText, ModelBook, storyOf } from '../support/perch/conversation-script.js';
import { collect, followRun } from '../support/perch/follow-run.js';
import type { Replica } from '../support/perch/replica.js';
import { type Replicas, REPLICAS_TIMEOUT_MS, startReplicas } from '../support/perch/replicas.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/agent/runs';
const CAP = 3;
const USERS = 5;
const RUNS_PER_USER = 200;

describe('background runs over two replicas', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({
      count: 2,
      env: {
        ...compatibleWith(models.url),
        PERCH_BACKGROUND_RUNS_PER_USER: String(CAP),
        AI_FREE_TIER_RPM: '100000',
        AI_FREE_TIER_TPM: '1000000000',
      },
    });
    [one, two] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(() => void models.reset());

  it(`never run more than ${CAP} at once for a user, and each of a thousand runs once`, async () => {
    let most = 0;
    const isOpen = ({ completedAt, clientClosedAt }: ReceivedRequest): boolean =>
      completedAt === undefined && clientClosedAt === undefined;
    models.always((request) => {
      const user = lastUserText(request).split(' ')[0]!;
      const open = models.requests.filter(
        (other) => isOpen(other) && lastUserText(other).startsWith(`${user} `),
      );
      most = Math.max(most, open.length);
      return { text: 'ok', delayMs: 5 };
    });
    const ids: string[] = [];
    await Promise.all(
      Array.from({ length: USERS }, async (_, number) => {
        const user = await replicas.user();
        for (let run = 0; run < RUNS_PER_USER; run += 1) {
          const replica = run % 2 === 0 ? one : two;
          const response = await user.on(replica).post(RUNS, { message: `user${number} run${run}` });
          expect(response.status).toBe(202);
          ids.push(((await response.json()) as { run_id: string }).run_id);
        }
      }),
    );
    const counted = async (): Promise<Record<string, number>> => {
      const rows = await replicas.database.dataSource.query<{ status: string; count: string }[]>(
        'SELECT status, count(*) FROM run WHERE id = ANY ($1) GROUP BY status',
        [ids],
      );
      return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
    };
    await until(async () => (await counted()).completed === USERS * RUNS_PER_USER, 60_000);
    expect(await counted()).toEqual({ completed: USERS * RUNS_PER_USER });
    expect(most).toBe(CAP);
    const texts = book.calls().map(({ userText }) => userText);
    expect(texts).toHaveLength(USERS * RUNS_PER_USER);
    expect(new Set(texts).size).toBe(USERS * RUNS_PER_USER);
    const owners = await replicas.database.dataSource.query<{ owner: string }[]>(
      'SELECT DISTINCT owner FROM run',
    );
    expect(owners).toHaveLength(2);
  }, 90_000);

  it('answer at once, and are followed and read while they wait, go on and are done', async () => {
    models.always(storyOf(20, { delayMs: 5 }));
    const ada = await replicas.user();
    const response = await ada.on(one).post(RUNS, { message: 'a story, please' });
    const run = (await response.json()) as { run_id: string; session_id: string; status: string };
    expect([response.status, run.status]).toEqual([202, 'queued']);
    expect(response.headers.get('location')).toBe(`${RUNS}/${run.run_id}`);
    const { events } = await collect(followRun(ada.on(two), run.run_id));
    expect(events[0]).toMatchObject({ id: 1, event: 'run-start', data: { session_id: run.session_id } });
    expect(events.at(-1)).toMatchObject({ event: 'run-end', data: { stop_reason: 'finished' } });
    const read = (await (await ada.on(two).get(`${RUNS}/${run.run_id}`)).json()) as Record<string, unknown>;
    expect(read).toMatchObject({ status: 'completed', usage: { output_tokens: expect.any(Number) } });
  });

  it('have no connection to lose', async () => {
    const ada = await replicas.user();
    const refused = await ada.on(one).post(RUNS, { message: 'hi', on_disconnect: 'cancel' });
    expect([refused.status, await refused.json()]).toMatchObject([422, { code: 'validation_failed' }]);
  });
});

describe('a worker beside an api process', () => {
  let models: ModelServer;
  let replicas: Replicas;
  let api: Replica;
  let worker: Replica;
  beforeAll(async () => {
    models = await ModelServer.start();
    replicas = await startReplicas({
      count: 2,
      env: (index) => ({ ...compatibleWith(models.url), PERCH_ROLE: index === 0 ? 'api' : 'worker' }),
    });
    [api, worker] = replicas.all as [Replica, Replica];
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);

  it('drives the background runs, and the api process drives what callers wait for', async () => {
    models.always(storyOf(10));
    const ada = await replicas.user();
    const { run_id: waitedFor } = await ada.on(api).chat({ message: 'now' });
    const response = await ada.on(api).post(RUNS, { message: 'later' });
    const { run_id: behind } = (await response.json()) as { run_id: string };
    const { events } = await collect(followRun(ada.on(api), behind));
    expect(events.at(-1)).toMatchObject({ event: 'run-end' });
    const drivenBy = (replica: Replica): unknown[] =>
      replica.logged('agent.interaction').map(({ run_id: runId }) => runId);
    await until(() => drivenBy(worker).length === 1);
    expect([drivenBy(api), drivenBy(worker)]).toEqual([[waitedFor], [behind]]);
  });

  it('is there for its operators alone', async () => {
    const ada = await replicas.user();
    for (const path of ['/health/live', '/health/ready', '/metrics', '/api/v1/metadata']) {
      expect([path, (await worker.anonymous().get(path)).status]).toEqual([path, 200]);
    }
    for (const path of ['/', '/docs', '/api/v1/auth/me', RUNS]) {
      const response = await ada.on(worker).get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
  });
});
