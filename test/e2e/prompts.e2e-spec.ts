import { isInRollout } from '../../src/modules/agent/prompts/rollout.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { asArray, isObject } from '../support/model-server/wire.js';
import { echo, ModelBook, threeSteps } from '../support/perch/conversation-script.js';
import { ApiClient } from '../support/perch/api-client.js';
import { collect, followRunAcross } from '../support/perch/follow-run.js';
import { Reading } from '../support/perch/reading.js';
import type { Replica } from '../support/perch/replica.js';
import {
  type ReplicaUser,
  type Replicas,
  REPLICAS_TIMEOUT_MS,
  startReplicas,
} from '../support/perch/replicas.js';
import { compatibleWith } from '../support/perch/test-perch.js';
import { until } from '../support/until.js';

const ADMIN = { AUTH_ADMIN_EMAIL: 'root@example.com', AUTH_ADMIN_PASSWORD: 'a-long-administrator-word' };
const AGENTS = [
  { name: 'default', instructions: 'By instructions.', prompt_variables: { company: 'Example Ltd' } },
  { name: 'support', instructions: 'By instructions.', prompt: 'help' },
];
/** What has been activated holds everywhere by then. */
const EVERYWHERE_MS = 5_000;

/** Without Redis: activations need none. */
describe('prompts on two replicas', () => {
  let models: ModelServer;
  let book: ModelBook;
  let replicas: Replicas;
  let one: Replica;
  let two: Replica;
  let admin: ApiClient;
  let onTwo: ApiClient;
  let ada: ReplicaUser;
  beforeAll(async () => {
    models = await ModelServer.start();
    book = new ModelBook(models);
    replicas = await startReplicas({
      count: 2,
      redisUrl: null,
      env: { ...compatibleWith(models.url), ...ADMIN, PERCH_AGENTS: JSON.stringify(AGENTS) },
    });
    [one, two] = replicas.all as [Replica, Replica];
    const login = await one.anonymous().post('/api/v1/auth/login', {
      email: ADMIN.AUTH_ADMIN_EMAIL,
      password: ADMIN.AUTH_ADMIN_PASSWORD,
    });
    admin = new ApiClient(one.url, ((await login.json()) as { access_token: string }).access_token);
    onTwo = new ApiClient(two.url, admin.token);
    ada = await replicas.user();
  }, REPLICAS_TIMEOUT_MS);
  afterAll(async () => {
    await replicas.stop();
    await models.stop();
  }, REPLICAS_TIMEOUT_MS);
  beforeEach(() => void models.reset().always(echo()));

  type Answer = Record<string, unknown>;
  async function ask(
    client: ApiClient,
    method: 'post' | 'put',
    path: string,
    body: unknown,
  ): Promise<[number, Answer]> {
    const response = await client[method](`/api/v1/prompts${path}`, body);
    return [response.status, (await response.json()) as Answer];
  }
  const read = async (client: ApiClient, path: string): Promise<Answer> =>
    (await (await client.get(`/api/v1${path}`)).json()) as Answer;

  /** The system prompt of each model call for this message. */
  const told = (message: string): unknown[] =>
    book.calls(message).map(({ request }) => {
      const first = (asArray(request.body.messages) ?? []).filter(isObject)[0];
      // What Perch itself adds to every prompt comes after it.
      return first?.role === 'system' ? String(first.content).split('\n\nResults of tools')[0] : undefined;
    });

  let runs = 0;
  /** Asks there, and says what the model was told and what the answer says of it. */
  async function chat(
    replica: Replica,
    user = ada,
    agent = 'default',
  ): Promise<{ system: unknown; prompt: unknown; runId: string }> {
    const message = `message ${(runs += 1)}`;
    const answer = await user.on(replica).chat({ message, agent });
    return { system: told(message)[0], prompt: answer.prompt, runId: answer.run_id };
  }
  const holdsOn = (replica: Replica, system: string, agent?: string): Promise<void> =>
    until(async () => (await chat(replica, ada, agent)).system === system, EVERYWHERE_MS);

  it('are used by the next run there, and within seconds elsewhere; back to an old version too', async () => {
    expect(await chat(one)).toMatchObject({ system: 'By instructions.', prompt: null });
    const created = await ask(admin, 'post', '', { name: 'default', template: 'You are of {{ company }}.' });
    expect(created).toEqual([
      201,
      expect.objectContaining({ name: 'default', active_version: 1, latest_version: 1, agents: ['default'] }),
    ]);
    const first = await chat(one);
    expect(first).toMatchObject({
      system: 'You are of Example Ltd.',
      prompt: { name: 'default', version: 1 },
    });
    await holdsOn(two, 'You are of Example Ltd.');

    const added = await ask(admin, 'post', '/default/versions', { template: 'Be brief, {{ company }}.' });
    expect(added).toEqual([
      201,
      expect.objectContaining({
        version: 2,
        variables: [{ name: 'company', description: null, required: true, default: null }],
      }),
    ]);
    expect((await chat(one)).prompt).toEqual({ name: 'default', version: 1 });
    expect(await ask(admin, 'put', '/default/active', { version: 2 })).toEqual([
      200,
      expect.objectContaining({ active_version: 2, rollout: null }),
    ]);
    expect((await chat(one)).system).toBe('Be brief, Example Ltd.');
    await holdsOn(two, 'Be brief, Example Ltd.');

    await ask(onTwo, 'put', '/default/active', { version: 1 });
    expect((await chat(two)).system).toBe('You are of Example Ltd.');
    await holdsOn(one, 'You are of Example Ltd.');
    expect(await read(ada.on(two), `/agent/runs/${first.runId}`)).toMatchObject({
      prompt: { name: 'default', version: 1 },
    });
    const line = await one.waitForLog(
      ({ event, run_id: id }) => event === 'agent.interaction' && id === first.runId,
    );
    expect(line).toMatchObject({ prompt_name: 'default', prompt_version: 1 });
  });

  it('are refused with what is wrong', async () => {
    const refusals: [
      method: 'post' | 'put',
      path: string,
      body: unknown,
      status: number,
      pointer: string,
      detail: RegExp,
    ][] = [
      [
        'post',
        '',
        { name: 'x', template: 'a\n{% for i in b %}' },
        422,
        '/template',
        /^line 2, column 1: the tag "for"/,
      ],
      ['post', '', { name: 'x', template: '{{ a.constructor }}' }, 422, '/template', /parts of a value/],
      [
        'post',
        '',
        { name: 'x', template: '{{ a }}', variables: [{ name: 'b' }] },
        422,
        '/template',
        /"a" is not declared/,
      ],
      ['post', '', { name: 'x', template: 'x'.repeat(100_001) }, 422, '/template', /100000/],
      ['post', '', { name: 'No name', template: 'a' }, 422, '/name', /must be/],
      ['post', '', { name: 'help', template: '{{ city }}' }, 422, '/template', /the agent support .* "city"/],
      ['put', '/default/active', { version: 99 }, 422, '/version', /not a version/],
      ['put', '/default/active', { version: 1, rollout_percent: 100 }, 422, '/rollout_percent', /99/],
      ['post', '/default/render', { variables: {} }, 422, '/variables/company', /required/],
      [
        'post',
        '/default/render',
        { variables: { company: 'x', other: 1 } },
        422,
        '/variables/other',
        /not a variable/,
      ],
      ['post', '/default/render', { variables: { company: { a: 1 } } }, 422, '/variables/company', /must be/],
    ];
    for (const [method, path, body, status, pointer, detail] of refusals) {
      expect(await ask(admin, method, path, body)).toEqual([
        status,
        expect.objectContaining({
          code: 'validation_failed',
          errors: [{ pointer, detail: expect.stringMatching(detail) }],
        }),
      ]);
    }
    expect(await ask(admin, 'post', '', { name: 'default', template: 'a' })).toEqual([
      409,
      expect.objectContaining({ code: 'version_conflict' }),
    ]);
    expect(await ask(admin, 'put', '/nobody/active', { version: 1 })).toEqual([404, expect.anything()]);
    expect(await ask(admin, 'post', '/default/render', { variables: { company: 'X' }, version: 2 })).toEqual([
      200,
      { name: 'default', version: 2, text: 'Be brief, X.' },
    ]);
    expect(await read(admin, '/prompts/default/versions?limit=1')).toMatchObject({
      versions: [{ version: 2, template: 'Be brief, {{ company }}.' }],
      next_before: 2,
    });
    expect(await read(admin, '/admin/audit?action=prompt.activated')).toMatchObject({
      entries: [{ after: { version: 1 } }, { after: { version: 2 } }],
    });
  });

  it('are rolled out to a share of the users, the same ones on every replica', async () => {
    await ask(admin, 'post', '', { name: 'help', template: 'old' });
    await ask(admin, 'post', '/help/versions', { template: 'new' });
    await ask(admin, 'put', '/help/active', { version: 2, rollout_percent: 50 });
    expect(await read(admin, '/prompts')).toMatchObject({
      prompts: [
        { name: 'help', active_version: 1, rollout: { version: 2, percent: 50 } },
        { name: 'default' },
      ],
    });
    const seen = new Set<unknown>();
    for (let count = 0; count < 20 && seen.size < 2; count += 1) {
      const user = await replicas.user();
      const { id } = (await read(user.on(one), '/auth/me')) as { id: string };
      const expected = isInRollout(id, 'help', { percent: 50 }) ? 'new' : 'old';
      expect((await chat(one, user, 'support')).system).toBe(expected);
      await until(async () => (await chat(two, user, 'support')).system === expected, EVERYWHERE_MS);
      seen.add(expected);
    }
    expect(seen.size).toBe(2);
    await ask(admin, 'put', '/help/active', { version: 2 });
    await holdsOn(one, 'new', 'support');
    await holdsOn(two, 'new', 'support');
  });

  it('do not change under a run that goes on elsewhere', async () => {
    models.always(threeSteps({ toolDelayMs: 300 }));
    const stream = ada
      .on(one)
      .post('/api/v1/agent/chat/stream', { message: 'long', on_disconnect: 'continue' });
    const { runId, whole } = await Reading.of(stream);
    await until(() => book.calls('long').length === 1);
    expect(await ask(onTwo, 'put', '/default/active', { version: 2 })).toEqual([200, expect.anything()]);
    await one.kill9();
    await whole;
    const { events } = await collect(followRunAcross([ada.on(two)], runId, { withinMs: 20_000 }));
    expect(events.at(-1)).toMatchObject({
      event: 'run-end',
      data: { content: 'long done', prompt: { name: 'default', version: 1 } },
    });
    expect(new Set(told('long'))).toEqual(new Set(['You are of Example Ltd.']));
    expect((await chat(two)).system).toBe('Be brief, Example Ltd.');
  }, 30_000);
});
