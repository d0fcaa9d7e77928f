import { Counter, Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { ConversationSummarizer } from '../../../../../src/modules/agent/upkeep/conversation-summarizer.js';
import { UpkeepMetrics } from '../../../../../src/modules/agent/upkeep/upkeep-metrics.js';
import { ConversationRepository } from '../../../../../src/modules/conversation/conversation.repository.js';
import { ConversationSummariesRepository } from '../../../../../src/modules/conversation/index.js';
import { ProviderError } from '../../../../../src/modules/providers/index.js';
import { uuidV7Ids } from '../../../../../src/shared/context/ids.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import {
  A_MODEL,
  FakeModelClient,
  says,
  type ScriptedCall,
} from '../../../../support/agent/fake-model-client.js';
import { counted, sideCallsUnderTest } from '../../../../support/agent/side-calls-under-test.js';
import { aConversationOf, type Saying } from '../../../../support/conversation/conversation-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const LONG: readonly Saying[] = Array.from({ length: 40 }, (_, index) => [
  index % 2 === 0 ? 'user' : 'assistant',
  `message ${index + 1} ${'of many words '.repeat(30)}`,
]);
const { signal } = new AbortController();

interface Replica {
  readonly summarizer: ConversationSummarizer;
  readonly models: FakeModelClient;
  outcomes(outcome: string): Promise<number>;
}

describe(ConversationSummarizer.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let user: Principal;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(dataSource);
  });

  function aReplica(script: readonly ScriptedCall[], env: Record<string, string> = {}): Replica {
    const models = new FakeModelClient(script);
    const { sideCalls, config } = sideCallsUnderTest(dataSource, models, {
      env: { AI_SUMMARY_AFTER_TOKENS: '1000', ...env },
    });
    const registry = new Registry();
    const counter = (name: string): Counter =>
      new Counter({ name, help: name, labelNames: ['outcome'], registers: [registry] });
    return {
      models,
      summarizer: new ConversationSummarizer(
        new ConversationSummariesRepository(dataSource),
        sideCalls,
        { find: () => A_MODEL } as never,
        config.agent,
        new UpkeepMetrics(counter('summaries'), counter('titles')),
        { now: () => new Date(), monotonicMs: () => 0 },
        uuidV7Ids,
      ),
      outcomes: (outcome) => counted(registry, 'summaries', { outcome }),
    };
  }

  const contextOf = (id: string, userId = user.userId) =>
    new ConversationRepository(dataSource).findContext(userId, id, { limit: 100, beforeSeq: 1_000 });
  const nextTry = (id: string): Promise<unknown> =>
    dataSource.query(
      `UPDATE conversation_upkeep SET claimed_until = now() - interval '1 second' WHERE conversation_id = $1`,
      [id],
    );

  it('sums up the older part, and later that summary with what came after it', async () => {
    const id = await aConversationOf(dataSource, user.userId, LONG);
    const { summarizer, models } = aReplica([
      says('They spoke of words.'),
      says('They spoke of more words.'),
    ]);
    await summarizer.summarize(user, id, signal);
    const first = await contextOf(id);
    expect(first.summary).toMatchObject({
      version: 1,
      text: 'They spoke of words.',
      model: 'test-model',
      coversToSeq: 30,
    });
    expect(first.recent.map(({ seq }) => seq)).toEqual([31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);

    await summarizer.summarize(user, id, signal);
    expect(models.requests).toHaveLength(1);
    await dataSource.query(
      `INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
       SELECT gen_random_uuid(), conversation_id, user_id, seq + 40, role, parts, status, now() FROM message WHERE conversation_id = $1`,
      [id],
    );
    await summarizer.summarize(user, id, signal);
    const [part] = models.requests[1]!.messages[0]!.parts as readonly { readonly text: string }[];
    const [, summary, oldest] = part!.text.split('\n');
    expect([summary, oldest]).toEqual([
      expect.stringContaining('They spoke of words.'),
      expect.stringContaining('message 31 '),
    ]);
    expect((await contextOf(id)).summary).toMatchObject({ version: 2, coversToSeq: 70 });
    expect((await contextOf(id, (await aUser(dataSource)).userId)).summary).toBeUndefined();
  });

  it('leaves a short conversation, and that of another user, as it is', async () => {
    const short = await aConversationOf(dataSource, user.userId, LONG.slice(0, 4));
    const theirs = await aConversationOf(dataSource, (await aUser(dataSource)).userId, LONG);
    const { summarizer, models } = aReplica([]);
    await summarizer.summarize(user, short, signal);
    await summarizer.summarize(user, theirs, signal);
    expect(models.requests).toEqual([]);
  });

  it('is written once by two replicas', async () => {
    const id = await aConversationOf(dataSource, user.userId, LONG);
    const replicas = [aReplica([says('one')]), aReplica([says('two')])];
    await Promise.all(replicas.map(({ summarizer }) => summarizer.summarize(user, id, signal)));
    expect(replicas.reduce((calls, { models }) => calls + models.requests.length, 0)).toBe(1);
    expect((await contextOf(id)).summary?.version).toBe(1);
  });

  it('is skipped where the budget has no room, and not asked for again at once', async () => {
    const id = await aConversationOf(dataSource, user.userId, LONG);
    const { summarizer, models, outcomes } = aReplica([], { AI_MAX_DAILY_COST_PER_USER: '0.000001' });
    await summarizer.summarize(user, id, signal);
    await summarizer.summarize(user, id, signal);
    expect([models.requests.length, await outcomes('skipped')]).toEqual([0, 1]);
  });

  it('is tried again after a failure, later each time', async () => {
    const id = await aConversationOf(dataSource, user.userId, LONG);
    const error = new ProviderError('openai-compatible', 'overloaded');
    const { summarizer, outcomes } = aReplica([
      { events: [], error },
      { events: [], error },
      says('At last.'),
    ]);
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await summarizer.summarize(user, id, signal);
      await summarizer.summarize(user, id, signal);
      const [{ seconds }] = await dataSource.query<[{ seconds: number }]>(
        `SELECT extract(epoch FROM claimed_until - now())::float AS seconds FROM conversation_upkeep WHERE conversation_id = $1`,
        [id],
      );
      pauses.push(seconds);
      await nextTry(id);
    }
    expect(await outcomes('failed')).toBe(2);
    expect(pauses[1]!).toBeGreaterThan(pauses[0]! + 30);
    await summarizer.summarize(user, id, signal);
    expect((await contextOf(id)).summary?.text).toBe('At last.');
  });

  it('is forgotten with the conversation, also when that is erased while it is written', async () => {
    const id = await aConversationOf(dataSource, user.userId, LONG);
    const { summarizer, models, outcomes } = aReplica([says('late')]);
    const stream = models.stream.bind(models);
    models.stream = async function* (request, limit) {
      await dataSource.query('DELETE FROM conversation WHERE id = $1', [id]);
      yield* stream(request, limit);
    };
    await summarizer.summarize(user, id, signal);
    expect(await outcomes('lost')).toBe(1);
    expect(
      await dataSource.query('SELECT 1 FROM conversation_summary WHERE conversation_id = $1', [id]),
    ).toEqual([]);
  });
});
