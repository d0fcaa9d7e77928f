import { v7 } from 'uuid';
import { loadConfig } from '../../../../../src/config/load-config.js';
import type { ControlConnection } from '../../../../../src/database/control-connection.js';
import { AgentDefinitions } from '../../../../../src/modules/agent/agent-definitions.js';
import { ActivePrompts } from '../../../../../src/modules/agent/prompts/active-prompts.js';
import { AgentPrompts } from '../../../../../src/modules/agent/prompts/agent-prompts.js';
import { PromptRepository } from '../../../../../src/modules/agent/prompts/prompt.repository.js';
import { PromptsService } from '../../../../../src/modules/agent/prompts/prompts.service.js';
import { AuditTrail } from '../../../../../src/modules/observability/index.js';
import { uuidV7Ids } from '../../../../../src/shared/context/ids.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { aControlConnection } from '../../../../support/servers/control-connection.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

const NOW = new Date('2026-11-30T09:00:00Z');
const CLOCK = { now: () => NOW, monotonicMs: () => 0 };
const ACTOR = { userId: v7(), requestId: 'a-request' };
const AGENTS = [
  { name: 'default', prompt_variables: { company: 'Example Ltd' } },
  { name: 'support', prompt: 'help' },
];

/** What one process has of the prompts. */
interface Process {
  readonly active: ActivePrompts;
  readonly service: PromptsService;
  readonly log: KeptLog;
  says(agent: string, userId?: string): string | undefined;
  stop(): Promise<void>;
}

describe(PromptsService.name, () => {
  let database: TestDatabase;
  let prompts: PromptRepository;
  let processes: Process[];
  beforeAll(async () => {
    database = await createTestDatabase();
    const audit = new AuditTrail(database.dataSource, uuidV7Ids, CLOCK);
    prompts = new PromptRepository(database.dataSource, audit, uuidV7Ids, CLOCK);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    processes = [];
    await database.dataSource.query('TRUNCATE prompt, prompt_version, audit_entry');
  });
  afterEach(async () => {
    for (const one of processes) await one.stop();
  });

  async function aProcess(agents: object[] = AGENTS, control?: ControlConnection): Promise<Process> {
    const { agent, providers } = loadConfig({ PERCH_AGENTS: JSON.stringify(agents) });
    const definitions = new AgentDefinitions(agent, providers);
    const log = new KeptLog();
    const agentPrompts = new AgentPrompts(definitions);
    const connection = control ?? aControlConnection(database.url);
    const active = new ActivePrompts(prompts, agentPrompts, connection, log.logger);
    await active.onModuleInit();
    const started = {
      active,
      service: new PromptsService(prompts, active, agentPrompts, log.logger),
      log,
      says: (name: string, userId = ACTOR.userId) => active.forAgent(definitions.find(name)!, userId)?.text,
      stop: async () => {
        await active.onApplicationShutdown();
        await connection.onApplicationShutdown();
      },
    };
    processes.push(started);
    return started;
  }

  const create = (one: Process, name: string, template: string) =>
    one.service.create({ name, template }, ACTOR);
  const add = (one: Process, name: string, template: string) =>
    one.service.addVersion(name, { template }, ACTOR);

  it('makes a prompt whose first version is active, in this process at once', async () => {
    const one = await aProcess();
    expect(one.says('default')).toBeUndefined();
    expect(await create(one, 'default', 'For {{ company }}.')).toEqual({
      id: expect.any(String),
      name: 'default',
      description: null,
      activeVersion: 1,
      latestVersion: 1,
      rollout: null,
      createdAt: NOW,
      updatedAt: NOW,
    });
    expect(one.says('default')).toBe('For Example Ltd.');
    expect(one.says('support')).toBeUndefined();
    await expect(create(one, 'default', 'Again.')).rejects.toMatchObject({ code: 'version_conflict' });
  });

  it('tells the other processes, and those that start later', async () => {
    const [one, two] = [await aProcess(), await aProcess()];
    await create(one, 'help', 'first');
    await until(() => two.says('support') === 'first');
    await add(two, 'help', 'second');
    expect([one.says('support'), two.says('support')]).toEqual(['first', 'first']);
    await two.service.activate('help', 2, undefined, ACTOR);
    expect(two.says('support')).toBe('second');
    await until(() => one.says('support') === 'second');
    await one.service.activate('help', 1, undefined, ACTOR);
    await until(() => two.says('support') === 'first');
    expect((await aProcess()).says('support')).toBe('first');
  });

  it('is found by the next look when no notification arrives', async () => {
    const deaf = { onNotification: () => {}, onConnected: () => {}, onApplicationShutdown: async () => {} };
    const [one, two] = [await aProcess(), await aProcess(AGENTS, deaf as unknown as ControlConnection)];
    await create(one, 'help', 'first');
    await until(() => two.says('support') === 'first', 15_000);
  });

  it('gives versions that are made at the same time numbers of their own', async () => {
    const one = await aProcess();
    await create(one, 'help', 'v1');
    const templates = Array.from({ length: 8 }, (_, index) => `t${index}`);
    const made = await Promise.all(templates.map((template) => add(one, 'help', template)));
    expect(made.map(({ version }) => version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { version, template } of made) {
      expect(await prompts.findVersion('help', version)).toMatchObject({ template });
    }
    const page = await one.service.versions('help', { limit: 5 });
    expect(page.items.map(({ version }) => version)).toEqual([9, 8, 7, 6, 5]);
    const rest = await one.service.versions('help', { limit: 5, before: page.nextBefore! });
    expect([rest.items.map(({ version }) => version), rest.nextBefore]).toEqual([[4, 3, 2, 1], null]);
  });

  it('rolls a version out to a share of the users, until the next activation', async () => {
    const one = await aProcess();
    await create(one, 'help', 'old');
    await add(one, 'help', 'new');
    const users = Array.from({ length: 200 }, () => v7());
    const share = (): number => users.filter((user) => one.says('support', user) === 'new').length;
    expect(await one.service.activate('help', 2, 30, ACTOR)).toMatchObject({
      activeVersion: 1,
      rollout: { version: 2, percent: 30 },
    });
    expect(share()).toBeGreaterThan(30);
    expect(share()).toBeLessThan(90);
    expect(await one.service.activate('help', 2, undefined, ACTOR)).toMatchObject({
      activeVersion: 2,
      rollout: null,
    });
    expect(share()).toBe(200);
    await expect(one.service.activate('help', 2, 10, ACTOR)).rejects.toMatchObject({
      errors: [{ pointer: '/version' }],
    });
    await one.service.activate('help', 1, 10, ACTOR);
    expect(await one.service.activate('help', 2, undefined, ACTOR)).toMatchObject({ rollout: null });
    expect(share()).toBe(200);
  });

  it('activates nothing that an agent could not use, and names agent and variable', async () => {
    const one = await aProcess();
    await create(one, 'default', 'For {{ company }}.');
    await add(one, 'default', 'For {{ company }} in {{ city }}.');
    for (const percent of [undefined, 50]) {
      await expect(one.service.activate('default', 2, percent, ACTOR)).rejects.toMatchObject({
        errors: [
          {
            pointer: '/version',
            detail: 'the agent default would use it, and has no value for its variable "city"',
          },
        ],
      });
    }
    await expect(create(one, 'help', '{{ city }}')).rejects.toMatchObject({
      errors: [{ pointer: '/template', detail: expect.stringContaining('the agent support') }],
    });
    expect(await prompts.find('help')).toBeUndefined();
    // Nobody uses this one.
    await create(one, 'other', '{{ city }}');
  });

  it('leaves an agent its instructions when its configuration no longer fits, and says so', async () => {
    const one = await aProcess();
    await create(one, 'default', 'For {{ company }}.');
    const two = await aProcess([{ name: 'support', prompt: 'help' }]);
    expect(two.says('default')).toBeUndefined();
    expect(two.log.entries).toEqual([
      { event: 'agent.prompt.missing', agent: 'support', prompt: 'help' },
      expect.objectContaining({ event: 'agent.prompt.unusable', agent: 'default', version: 1 }),
    ]);
  });

  it('answers for what is not there', async () => {
    const one = await aProcess();
    for (const name of ['nobody', 'No Name', '\u0000']) {
      for (const work of [
        () => add(one, name, 'x'),
        () => one.service.versions(name, { limit: 1 }),
        () => one.service.activate(name, 1, undefined, ACTOR),
        () => one.service.render(name, {}, undefined),
      ]) {
        await expect(work()).rejects.toMatchObject({ code: 'not_found' });
      }
    }
    await create(one, 'help', 'x');
    await expect(one.service.activate('help', 2, undefined, ACTOR)).rejects.toMatchObject({
      errors: [{ pointer: '/version' }],
    });
  });

  it('writes down who did what, with hashes and without text', async () => {
    const one = await aProcess();
    await create(one, 'help', 'a secret text');
    await add(one, 'help', 'another secret text');
    await one.service.activate('help', 2, 25, ACTOR);
    const entries = await database.dataSource.query<{ action: string; after: object }[]>(
      'SELECT action, actor_id, target_type, target_id, after, request_id FROM audit_entry ORDER BY id',
    );
    const { id } = (await prompts.find('help'))!;
    expect(entries).toEqual(
      [
        ['prompt.created', { name: 'help', version: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
        ['prompt.version_created', { name: 'help', version: 2, hash: expect.any(String) }],
        [
          'prompt.activated',
          {
            name: 'help',
            version: 2,
            hash: expect.any(String),
            rollout_percent: 25,
            before: { version: 1, rollout_version: null },
          },
        ],
      ].map(([action, after]) => ({
        action,
        actor_id: ACTOR.userId,
        target_type: 'prompt',
        target_id: id,
        after,
        request_id: 'a-request',
      })),
    );
    expect(JSON.stringify(entries)).not.toContain('secret');
  });
});
