import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { AccountErasureRepository } from '../../../../../src/modules/agent/account-data/account-erasure.repository.js';
import { AccountErasure } from '../../../../../src/modules/agent/account-data/account-erasure.js';
import { AccountExport } from '../../../../../src/modules/agent/account-data/account-export.js';
import { AccountExportRepository } from '../../../../../src/modules/agent/account-data/account-export.repository.js';
import { ErasureSweeper } from '../../../../../src/modules/agent/account-data/erasure-sweeper.js';
import { RunFencedError } from '../../../../../src/modules/agent/loop/run-journal.js';
import { RunAdmissionRepository } from '../../../../../src/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../../../../../src/modules/agent/run-journal.repository.js';
import { RunQueueRepository } from '../../../../../src/modules/agent/ownership/run-queue.repository.js';
import { AccountClosingRepository } from '../../../../../src/modules/auth/erasure/account-closing.repository.js';
import type { AccountClosing } from '../../../../../src/modules/auth/index.js';
import { AuditTrail } from '../../../../../src/modules/observability/index.js';
import type { ControlConnection } from '../../../../../src/database/control-connection.js';
import type { DeadRows } from '../../../../../src/database/dead-rows.js';
import {
  type ErasedUser,
  ErasureParticipants,
} from '../../../../../src/shared/erasure/erasure-participants.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { anAdmission, aUser, NOW } from '../../../../support/agent/agent-rows.js';
import { aConversationOf } from '../../../../support/conversation/conversation-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const clock = { now: () => NOW, monotonicMs: () => performance.now() };
const actor = { userId: v7(), requestId: undefined };

describe(AccountErasure.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let closing: AccountClosingRepository;
  let participants: ErasureParticipants;
  let erasure: AccountErasure;
  let accounts: AccountClosing;
  let trail: AuditTrail;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    trail = new AuditTrail(dataSource, { next: () => v7() }, clock);
    closing = new AccountClosingRepository(dataSource, trail);
    participants = new ErasureParticipants();
    accounts = {
      close: (id: string) => closing.close(id, actor, NOW),
      unfinished: (_forMs: number, limit: number) =>
        closing.findUnfinished(new Date(NOW.getTime() + 1), limit),
    } as unknown as AccountClosing;
    erasure = new AccountErasure(
      accounts,
      new RunQueueRepository(dataSource, {} as ControlConnection),
      new AccountErasureRepository(dataSource, trail),
      participants,
      { clear: () => undefined } as unknown as DeadRows,
      new KeptLog().logger,
    );
  });

  const count = async (table: string, userId: string): Promise<number> =>
    Number(
      (
        await dataSource.query<{ n: string }[]>(`SELECT count(*) AS n FROM ${table} WHERE user_id = $1`, [
          userId,
        ])
      )[0]!.n,
    );

  it('counts what goes, also when it is more than one statement takes, and leaves others alone', async () => {
    const [gone, other] = [await aUser(dataSource), await aUser(dataSource)];
    for (const { userId } of [gone, other]) await aConversationOf(dataSource, userId, [['user', 'hello']]);
    const many = await aConversationOf(dataSource, gone.userId, [['user', 'many']]);
    await dataSource.query(
      `INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
       SELECT gen_random_uuid(), $1, $2, n, 'user', '[]', 'complete', now() FROM generate_series(2, 4500) n`,
      [many, gone.userId],
    );
    const proof = await erasure.erase(gone.userId, actor);
    expect(proof.erased).toMatchObject({
      message: 4501,
      message_index: 4501,
      conversation: 2,
      user_account: 1,
    });
    expect([await count('message', gone.userId), await count('message', other.userId)]).toEqual([0, 1]);
  });

  it('fences a run that goes on, and has its late traces cleared', async () => {
    const user = await aUser(dataSource);
    const admissions = new RunAdmissionRepository(dataSource);
    const erased: ErasedUser[] = [];
    const late = anAdmission(user);
    participants.register({
      name: 'test',
      erase: async (asked) => {
        // Another replica does not know yet that the account is closed.
        if (erased.push(asked) === 1) await admissions.startInNewConversation(v7(), 'late', late);
      },
    });
    const proof = await erasure.erase(user.userId, actor);
    expect(erased.map(({ runIds }) => runIds)).toEqual([[], [late.runId]]);
    expect(proof.erased).toMatchObject({ run: 1, message: 1 });

    const run = {
      id: late.runId,
      epoch: 1,
      sessionId: v7(),
      principal: user,
      endpoint: 'chat' as const,
      admittedAt: NOW,
      requestId: undefined,
      prompt: null,
    };
    const journal = new RunJournalRepository(dataSource);
    await expect(journal.forRun(run).dispatch([])).rejects.toThrow(RunFencedError);
    await expect(admissions.startInNewConversation(v7(), 'after', anAdmission(user))).rejects.toMatchObject({
      driverError: { code: '23503' },
    });
    expect([await count('conversation', user.userId), await count('run', user.userId)]).toEqual([0, 0]);
  });

  it('is finished later when it failed in the middle: the account stays closed meanwhile', async () => {
    const user = await aUser(dataSource);
    await aConversationOf(dataSource, user.userId, [['user', 'hello']]);
    let isAway = true;
    participants.register({
      name: 'test',
      erase: async () => {
        if (isAway) throw new Error('Redis is away');
      },
    });
    const sweeper = new ErasureSweeper(accounts, erasure, new KeptLog().logger);
    await expect(erasure.erase(user.userId, actor)).rejects.toThrow('Redis is away');
    expect(await sweeper.sweep()).toBe(0);
    const [row] = await dataSource.query<{ disabled_at: Date | null }[]>(
      `SELECT disabled_at FROM user_account WHERE id = $1`,
      [user.userId],
    );
    expect(row!.disabled_at).not.toBeNull();
    isAway = false;
    expect(await sweeper.sweep()).toBe(1);
    expect(await count('conversation', user.userId)).toBe(0);
    expect(await dataSource.query(`SELECT 1 FROM user_account WHERE id = $1`, [user.userId])).toEqual([]);
    expect(await sweeper.sweep()).toBe(0);
  });

  it('is done once when it is asked for at the same time', async () => {
    const user = await aUser(dataSource);
    const outcomes = await Promise.allSettled([
      erasure.erase(user.userId, actor),
      erasure.erase(user.userId, actor),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe(AccountExport.name, () => {
  it('writes out every record once, however many pages they are, and none of another user', async () => {
    const database = await createTestDatabase();
    const { dataSource } = database;
    const trail = new AuditTrail(dataSource, { next: () => v7() }, clock);
    const [mine, theirs] = [await aUser(dataSource), await aUser(dataSource)];
    for (const { userId } of [mine, theirs]) {
      await aConversationOf(
        dataSource,
        userId,
        Array.from({ length: 101 }, (_, index) => ['user', `line ${index}`]),
      );
      for (let index = 0; index < 60; index += 1)
        await aConversationOf(dataSource, userId, [['user', 'short']]);
    }
    const lines: { record: string; user_id?: string; id?: string }[] = [];
    const exporter = new AccountExport(new AccountExportRepository(dataSource), trail, clock);
    for await (const line of await exporter.open(mine.userId, actor)) lines.push(JSON.parse(line) as never);
    const ids = (record: string): (string | undefined)[] =>
      lines.flatMap((line) => (line.record === record ? [line.id] : []));
    expect([new Set(ids('conversation')).size, ids('conversation').length]).toEqual([61, 61]);
    expect([new Set(ids('message')).size, ids('message').length]).toEqual([161, 161]);
    expect(JSON.stringify(lines)).not.toContain(theirs.userId);
    expect(lines.at(-1)).toMatchObject({ record: 'end', records: lines.length - 1 });
    await expect(exporter.open(v7(), actor)).rejects.toMatchObject({ code: 'not_found' });
    await database.drop();
  });
});
