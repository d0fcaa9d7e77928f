import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { SideCallRepository } from '../../../../../src/modules/agent/side-calls/side-call.repository.js';
import { SideCalls } from '../../../../../src/modules/agent/side-calls/side-calls.js';
import type { EmbeddingProvider, ModelRequest } from '../../../../../src/modules/providers/index.js';
import { ProviderError } from '../../../../../src/modules/providers/index.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import {
  A_MODEL,
  FakeModelClient,
  says,
  type ScriptedCall,
} from '../../../../support/agent/fake-model-client.js';
import {
  counted,
  sideCallsUnderTest,
  type SideCallsUnderTest,
} from '../../../../support/agent/side-calls-under-test.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

const REQUEST: ModelRequest = {
  model: A_MODEL,
  system: 'Sum up.',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'words' }] }],
  tools: [],
  maxOutputTokens: 100,
};
const { signal } = new AbortController();

describe(SideCalls.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let user: Principal;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dataSource.query('TRUNCATE usage_record, side_call');
    user = await aUser(dataSource);
  });

  const underTest = (script: readonly ScriptedCall[], env: Record<string, string> = {}): SideCallsUnderTest =>
    sideCallsUnderTest(dataSource, new FakeModelClient(script), { env });
  const ledgerRows = (): Promise<Record<string, unknown>[]> =>
    dataSource.query(
      `SELECT user_id, tier, endpoint, provider, model, source, input_tokens, output_tokens, cost_usd::float AS cost FROM usage_record`,
    );
  const open = (): Promise<unknown[]> => dataSource.query('SELECT id FROM side_call');
  async function standing(
    { store }: SideCallsUnderTest,
    scope: string,
  ): Promise<{ used: bigint; reserved: bigint }> {
    const states = await store.read(user.userId, { requestsPerMinute: 9, tokensPerMinute: 9, dailyCost: 9n });
    return states.find((state) => state.scope === scope)!;
  }

  it('cost their user what they cost, and count as no request', async () => {
    const under = underTest([says('A summary.')]);
    expect(await under.sideCalls.complete(user, 'summary', REQUEST, signal)).toEqual({
      outcome: 'ok',
      result: 'A summary.',
    });
    expect(await ledgerRows()).toEqual([
      {
        user_id: user.userId,
        tier: 'free',
        endpoint: 'summary',
        provider: 'openai-compatible',
        model: 'test-model',
        source: 'measured',
        input_tokens: '10',
        output_tokens: '5',
        cost: 0.00002,
      },
    ]);
    expect(await open()).toEqual([]);
    await until(async () => (await standing(under, 'daily_cost')).reserved === 0n);
    expect(await standing(under, 'daily_cost')).toMatchObject({ used: 20_000_000n });
    expect(await standing(under, 'requests_per_minute')).toMatchObject({ used: 0n });
  });

  it('are not made where the budget has no room, and nothing is owed', async () => {
    const models = new FakeModelClient([]);
    const under = sideCallsUnderTest(dataSource, models, { env: { AI_MAX_DAILY_COST_PER_USER: '0.0001' } });
    expect(await under.sideCalls.complete(user, 'summary', REQUEST, signal)).toEqual({ outcome: 'refused' });
    expect(models.requests).toEqual([]);
    expect([await ledgerRows(), await open()]).toEqual([[], []]);
    expect(
      await counted(under.registry, 'side_calls_total', { endpoint: 'summary', outcome: 'refused' }),
    ).toBe(1);
  });

  it('owe nothing when the vendor never accepted them, and what was used when they broke off', async () => {
    const error = new ProviderError('openai-compatible', 'overloaded');
    const under = underTest([
      { events: [], error },
      { events: [{ type: 'start' }, { type: 'text-delta', delta: 'A sum' }], error },
    ]);
    expect(await under.sideCalls.complete(user, 'title', REQUEST, signal)).toEqual({ outcome: 'failed' });
    expect(await ledgerRows()).toEqual([]);
    expect(await under.sideCalls.complete(user, 'title', REQUEST, signal)).toEqual({ outcome: 'failed' });
    expect(await ledgerRows()).toMatchObject([
      { endpoint: 'title', source: 'estimated', output_tokens: '5' },
    ]);
    expect(await open()).toEqual([]);
  });

  it('are broken off when the process stops, and written down', async () => {
    const under = underTest([
      { events: [{ type: 'start' }, { type: 'text-delta', delta: 'A' }], hangs: true },
    ]);
    const call = under.sideCalls.complete(user, 'summary', REQUEST, signal);
    await until(async () => (await open()).length === 1);
    await under.sideCalls.stop();
    expect(await call).toEqual({ outcome: 'failed' });
    expect(await ledgerRows()).toMatchObject([{ source: 'estimated' }]);
    expect(await under.sideCalls.complete(user, 'summary', REQUEST, signal)).toEqual({
      outcome: 'unavailable',
    });
  });

  it('are told to a store that reads the ledger anew, under way and over, so that nothing is charged twice', async () => {
    const under = underTest([{ ...says('A'), hangs: true }]);
    const call = under.sideCalls.complete(user, 'summary', REQUEST, signal);
    await until(async () => (await open()).length === 1);
    const [{ id }] = (await open()) as [{ id: string }];
    const underWay = await under.ledger.spendingOf(user.userId, new Date(), []);
    expect(underWay).toMatchObject({ day: 0n, open: [{ id, isOver: false, used: { tokens: 0, cost: 0n } }] });
    expect(underWay.open[0]!.next).toEqual({ tokens: 110, cost: 210_000_000n });
    await under.sideCalls.stop();
    await call;
    const over = await under.ledger.installationSpending(new Date(), [id]);
    expect(over).toEqual({
      day: 20_000_000n,
      open: [
        expect.objectContaining({
          id,
          isOver: true,
          used: { tokens: 15, cost: 20_000_000n },
          next: { tokens: 0, cost: 0n },
        }),
      ],
    });
  });

  it('of a process that died are charged for what they were sent, once', async () => {
    const repository = new SideCallRepository(dataSource);
    const call = {
      id: v7(),
      principal: user,
      endpoint: 'summary' as const,
      reserved: { tokens: 110, cost: 1n },
      sent: {
        provider: 'openai-compatible',
        model: 'test-model',
        usage: { inputTokens: { total: 7 }, outputTokens: { total: 0 }, source: 'estimated' as const },
        cost: 7_000_000n,
      },
    };
    await repository.begin(call);
    await repository.begin(call);
    expect(await repository.endLost(60_000)).toBe(0);
    await dataSource.query(`UPDATE side_call SET started_at = started_at - interval '1 hour'`);
    const lost = await Promise.all([repository.endLost(60_000), repository.endLost(60_000)]);
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(1);
    await repository.end(call, call.sent);
    expect(await ledgerRows()).toMatchObject([
      { source: 'unknown', input_tokens: '7', output_tokens: '0', cost: 0.000007 },
    ]);
  });

  it('embed within the budget at a vendor that is paid', async () => {
    const embeddings: EmbeddingProvider = {
      model: 'embedder',
      dimensions: 2,
      vendor: {
        provider: 'openai-compatible',
        pricePerToken: 1_000_000n,
        priceVersion: 'configured:1000000',
      },
      embed: (texts) =>
        Promise.resolve({
          vectors: texts.map(() => Float32Array.of(1, 0)),
          usage: { inputTokens: 3, source: 'measured' },
        }),
    };
    const rich = sideCallsUnderTest(dataSource, new FakeModelClient([]), { embeddings });
    expect((await rich.sideCalls.embed(user, ['a', 'b'], signal))?.vectors).toHaveLength(2);
    expect(await ledgerRows()).toMatchObject([
      { endpoint: 'embedding', model: 'embedder', source: 'measured', input_tokens: '3', cost: 0.000003 },
    ]);
    const poor = sideCallsUnderTest(dataSource, new FakeModelClient([]), {
      embeddings,
      env: { AI_MAX_DAILY_COST_PER_USER: '0.000001' },
    });
    expect(await poor.sideCalls.embed(user, ['a'], signal)).toBeUndefined();
  });
});
