import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { SpendingLedgerRepository } from '../../../../src/modules/rate-limit/spending-ledger.repository.js';
import type { Principal } from '../../../../src/shared/context/principal.js';
import { parseUsd } from '../../../../src/shared/money/usd.js';
import { aUser } from '../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';

const AT = new Date('2026-11-24T12:00:00Z');

interface Charge {
  readonly runId?: string;
  readonly admittedAt?: string;
  readonly costUsd?: string | null;
  readonly tokens?: readonly [input: number, output: number];
  readonly epoch?: number;
}

describe(SpendingLedgerRepository.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let spending: SpendingLedgerRepository;
  let user: Principal;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
    spending = new SpendingLedgerRepository(dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dataSource.query('DELETE FROM usage_record');
    await dataSource.query('DELETE FROM run');
    user = await aUser(dataSource);
  });

  let seq = 0;
  async function charged(
    { userId }: Principal,
    { runId = v7(), admittedAt = AT.toISOString(), costUsd = '1', tokens = [0, 0], epoch = 1 }: Charge,
  ): Promise<void> {
    seq += 1;
    await dataSource.query(
      `INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens,
                                 output_tokens, cache_read_tokens, cost_usd, admitted_at, created_at)
       VALUES ($1, $2, $3, $4, 'free', 'chat', 'scripted', 'm', 'measured', $5, $6, $5, $7, $8, now())`,
      [runId, epoch, seq, userId, ...tokens, costUsd, admittedAt],
    );
  }

  async function aRun(
    { userId }: Principal,
    status: string,
    reserved: { tokens: string | null; cost: string | null } = { tokens: null, cost: null },
  ): Promise<string> {
    const [id, conversationId] = [v7(), v7()];
    await dataSource.query(
      `INSERT INTO conversation (id, user_id, title, created_at, updated_at, expires_at)
       VALUES ($1, $2, '', now(), now(), now())`,
      [conversationId, userId],
    );
    await dataSource.query(
      `INSERT INTO run (id, user_id, conversation_id, status, agent, model, endpoint, request, created_at, started_at, reserved_tokens,
                        reserved_cost, epoch)
       VALUES ($1, $2, $3, $4, 'default', 'm', 'chat', '{}', '2026-11-23T23:59:58Z', '2026-11-23T23:59:59.999Z', $5, $6, 1)`,
      [id, userId, conversationId, status, reserved.tokens, reserved.cost],
    );
    return id;
  }

  it('has nothing of a user who has spent nothing', async () => {
    expect(await spending.spendingOf(user.userId, AT, [])).toEqual({ day: 0n, month: 0n, open: [] });
    expect(await spending.installationSpending(AT, [])).toEqual({ day: 0n, open: [] });
  });

  it('adds up to the last of twelve decimals, and takes an unknown cost for nothing', async () => {
    await charged(user, { costUsd: '0.000000000001' });
    await charged(user, { costUsd: '123456789.123456789012' });
    await charged(user, { costUsd: null });
    const sum = parseUsd('123456789.123456789013');
    expect(await spending.spendingOf(user.userId, AT, [])).toEqual({ day: sum, month: sum, open: [] });
    expect((await spending.installationSpending(AT, [])).day).toBe(sum);
  });

  it('has nothing when only costs are known that are not known', async () => {
    await charged(user, { costUsd: null });
    expect(await spending.spendingOf(user.userId, AT, [])).toEqual({ day: 0n, month: 0n, open: [] });
  });

  it.each([
    [
      '2026-11-24T12:00:00Z',
      '2026-11-24T00:00:00Z',
      '2026-11-25T00:00:00Z',
      '2026-11-01T00:00:00Z',
      '2026-12-01T00:00:00Z',
    ],
    [
      '2026-12-31T23:59:59.999Z',
      '2026-12-31T00:00:00Z',
      '2027-01-01T00:00:00Z',
      '2026-12-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
    ],
    [
      '2028-02-29T00:00:00Z',
      '2028-02-29T00:00:00Z',
      '2028-03-01T00:00:00Z',
      '2028-02-01T00:00:00Z',
      '2028-03-01T00:00:00Z',
    ],
    [
      '2026-02-28T23:00:00Z',
      '2026-02-28T00:00:00Z',
      '2026-03-01T00:00:00Z',
      '2026-02-01T00:00:00Z',
      '2026-03-01T00:00:00Z',
    ],
  ])(
    'counts at %s the admissions of that day and month of UTC',
    async (at, day, nextDay, month, nextMonth) => {
      const before = (text: string): string => new Date(Date.parse(text) - 1).toISOString();
      const pico = (count: number): string => `0.${String(count).padStart(12, '0')}`;
      await charged(user, { admittedAt: day, costUsd: pico(1) });
      await charged(user, { admittedAt: before(nextDay), costUsd: pico(2) });
      await charged(user, { admittedAt: month, costUsd: pico(10) });
      await charged(user, { admittedAt: before(nextMonth), costUsd: pico(20) });
      await charged(user, { admittedAt: before(month), costUsd: pico(100) });
      await charged(user, { admittedAt: nextMonth, costUsd: pico(100) });
      const isLastDay = nextDay === nextMonth;
      const expected = isLastDay ? 23n : 3n;
      const spent = await spending.spendingOf(user.userId, new Date(at), []);
      expect(spent).toEqual({ day: expected, month: 33n, open: [] });
      expect((await spending.installationSpending(new Date(at), [])).day).toBe(expected);
    },
  );

  it('keeps users apart, and has all of them for the installation', async () => {
    const other = await aUser(dataSource);
    await charged(user, { costUsd: '1' });
    await charged(other, { costUsd: '2' });
    await charged(other, { costUsd: '4', admittedAt: '2026-11-23T23:59:59.999Z' });
    expect(await spending.spendingOf(other.userId, AT, [])).toMatchObject({
      day: parseUsd('2'),
      month: parseUsd('6'),
    });
    expect((await spending.installationSpending(AT, [])).day).toBe(parseUsd('3'));
  });

  it('tells of running runs what they have used and what is reserved for them', async () => {
    const other = await aUser(dataSource);
    const running = await aRun(user, 'running', { tokens: '9007199254740991', cost: '0.500000000001' });
    const fresh = await aRun(user, 'running');
    const others = await aRun(other, 'running', { tokens: '7', cost: '7' });
    for (const status of ['queued', 'waiting', 'completed', 'failed', 'cancelled'])
      await charged(user, { runId: await aRun(user, status, { tokens: '5', cost: '5' }) });
    // Cached tokens are part of the input. What an owner before has spent counts too.
    await charged(user, { runId: running, costUsd: '0.1', tokens: [100, 20], epoch: 1 });
    await charged(user, { runId: running, costUsd: '0.02', tokens: [3, 4], epoch: 2 });
    await charged(user, { runId: running, costUsd: null, tokens: [1, 0], epoch: 2 });
    const admittedAt = new Date('2026-11-23T23:59:59.999Z');
    const ofUser = [
      {
        id: running,
        epoch: 1,
        admittedAt,
        used: { tokens: 128, cost: parseUsd('0.12') },
        next: { tokens: 9_007_199_254_740_991, cost: parseUsd('0.500000000001') },
        isOver: false,
      },
      {
        id: fresh,
        epoch: 1,
        isOver: false,
        admittedAt,
        used: { tokens: 0, cost: 0n },
        next: { tokens: 0, cost: 0n },
      },
    ];
    const ofOther = {
      id: others,
      epoch: 1,
      admittedAt,
      used: { tokens: 0, cost: 0n },
      next: { tokens: 7, cost: parseUsd('7') },
      isOver: false,
    };
    const byId = (runs: readonly { id: string }[]): unknown[] =>
      [...runs].sort((a, b) => a.id.localeCompare(b.id));
    expect(byId((await spending.spendingOf(user.userId, AT, [])).open)).toEqual(byId(ofUser));
    expect(byId((await spending.installationSpending(AT, [])).open)).toEqual(byId([...ofUser, ofOther]));
  });

  it('tells what was asked for also when it is over, and nothing of what is another user’s', async () => {
    const other = await aUser(dataSource);
    const over = await aRun(user, 'completed', { tokens: '5', cost: '5' });
    const others = await aRun(other, 'completed');
    await charged(user, { runId: over, costUsd: '0.1', tokens: [100, 20] });
    const { open } = await spending.spendingOf(user.userId, AT, [over, others, v7()]);
    expect(open.filter(({ id }) => [over, others].includes(id))).toMatchObject([
      { id: over, isOver: true, used: { tokens: 120, cost: parseUsd('0.1') } },
    ]);
  });
});
