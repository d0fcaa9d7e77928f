import { v7 } from 'uuid';
import { SpendingReportRepository } from '../../../../../src/modules/agent/spending/spending-report.repository.js';
import { parseUsd } from '../../../../../src/shared/money/usd.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { aLedgerRow, type LedgerRow } from '../../../../support/spending/ledger-rows.js';

const PERIOD = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

describe(SpendingReportRepository.name, () => {
  let database: TestDatabase;
  let spending: SpendingReportRepository;
  let userId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    spending = new SpendingReportRepository(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE usage_record');
    userId = v7();
  });

  const aCall = (at: string, cost: string | null, more: Partial<LedgerRow> = {}): Promise<void> =>
    aLedgerRow(database.dataSource, { userId, cost, admittedAt: new Date(at), ...more });

  it('has nothing of a user who did nothing, and nothing of others', async () => {
    await aCall('2026-11-05T10:00:00Z', '1', { userId: v7() });
    const { groups, total } = await spending.ofUser(userId, PERIOD, 'day');
    expect(groups).toEqual([]);
    expect(total).toEqual({
      calls: 0,
      unpricedCalls: 0,
      inputTokens: 0,
      outputTokens: 0,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      knownCost: 0n,
    });
  });

  it('sums exactly, by UTC day, from the first moment up to and without the last', async () => {
    await aCall('2026-10-31T23:59:59.999Z', '8');
    await aCall('2026-11-01T00:00:00Z', '0.1');
    await aCall('2026-11-01T23:59:59.999Z', '0.2', { cacheReadTokens: 7 });
    await aCall('2026-11-30T23:59:59Z', '0.000000000001');
    await aCall('2026-12-01T00:00:00Z', '8');
    const { groups, total } = await spending.ofUser(userId, PERIOD, 'day');
    expect(groups).toEqual([
      expect.objectContaining({
        day: '2026-11-01',
        calls: 2,
        knownCost: parseUsd('0.3'),
        cacheReadTokens: 7,
      }),
      expect.objectContaining({ day: '2026-11-30', calls: 1, knownCost: 1n }),
    ]);
    expect(total).toMatchObject({
      calls: 3,
      inputTokens: 30,
      outputTokens: 3,
      knownCost: parseUsd('0.3') + 1n,
    });
  });

  it('groups by model and by endpoint, the dearest first, and counts calls without a price', async () => {
    await aCall('2026-11-02T10:00:00Z', '1', { model: 'small', endpoint: 'chat' });
    await aCall('2026-11-02T10:00:00Z', '5', { model: 'large', provider: 'openai', endpoint: 'runs' });
    await aCall('2026-11-02T10:00:00Z', null, { model: 'local', endpoint: 'runs' });
    const byModel = await spending.ofUser(userId, PERIOD, 'model');
    expect(
      byModel.groups.map(({ model, provider, unpricedCalls }) => [model, provider, unpricedCalls]),
    ).toEqual([
      ['large', 'openai', 0],
      ['small', 'scripted', 0],
      ['local', 'scripted', 1],
    ]);
    expect(byModel.total).toMatchObject({ calls: 3, unpricedCalls: 1, knownCost: parseUsd('6') });
    const byEndpoint = await spending.ofUser(userId, PERIOD, 'endpoint');
    expect(byEndpoint.groups.map(({ endpoint, calls }) => [endpoint, calls])).toEqual([
      ['runs', 2],
      ['chat', 1],
    ]);
  });

  it('names those who spent most first, and has everybody in the total', async () => {
    const [little, much, most] = [v7(), v7(), v7()];
    await aCall('2026-11-02T10:00:00Z', '1', { userId: little });
    await aCall('2026-11-02T10:00:00Z', '4', { userId: most });
    await aCall('2026-11-03T10:00:00Z', '4', { userId: most });
    await aCall('2026-11-02T10:00:00Z', '7', { userId: much });
    const { groups, total } = await spending.byUser(PERIOD, 2);
    expect(groups.map((group) => [group.userId, group.knownCost])).toEqual([
      [most, parseUsd('8')],
      [much, parseUsd('7')],
    ]);
    expect(total).toMatchObject({ calls: 4, knownCost: parseUsd('16') });
  });

  it('knows the last days on which something was spent', async () => {
    for (const [day, cost] of [
      ['01', '1'],
      ['04', '2'],
      ['04', '2.5'],
      ['09', '0'],
      ['12', '3'],
      ['20', '9'],
    ] as const) {
      await aCall(`2026-11-${day}T12:00:00Z`, cost);
    }
    const before = { from: PERIOD.from, to: new Date('2026-11-20T00:00:00Z') };
    expect(await spending.costOfActiveDays(userId, before, 2)).toEqual([parseUsd('3'), parseUsd('4.5')]);
    expect(await spending.costOfActiveDays(userId, before, 9)).toHaveLength(3);
    const days = await spending.costOfDays(userId, new Date('2026-11-12T00:00:00Z'));
    expect([...days].sort()).toEqual([
      ['2026-11-12', parseUsd('3')],
      ['2026-11-20', parseUsd('9')],
    ]);
  });
});
