import { v7 } from 'uuid';
import type { RunJournal } from '../../../../src/modules/agent/loop/run-journal.js';
import { RunFencedError } from '../../../../src/modules/agent/loop/run-journal.js';
import type { OwnedRun, RunClosing } from '../../../../src/modules/agent/run.js';
import {
  type Admission,
  RunAdmissionRepository,
} from '../../../../src/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../../../../src/modules/agent/run-journal.repository.js';
import { RunRepository } from '../../../../src/modules/agent/run.repository.js';
import { WorkerLeaseRepository } from '../../../../src/modules/agent/worker-lease.repository.js';
import { ConversationRepository } from '../../../../src/modules/conversation/conversation.repository.js';
import type { Principal } from '../../../../src/shared/context/principal.js';
import { NO_USAGE } from '../../../../src/shared/llm/usage.js';
import { aUser } from '../../../support/agent/agent-rows.js';
import { createTestDatabase } from '../../../support/servers/test-database.js';

const NOW = new Date('2026-11-24T09:00:00Z');
const TOMORROW = new Date('2026-11-25T09:00:00Z');
const USAGE = {
  inputTokens: { total: 10, cacheRead: 4 },
  outputTokens: { total: 5 },
  source: 'measured' as const,
};

const COMPLETED: RunClosing = {
  status: 'completed',
  stopReason: 'finished',
  finishReason: 'stop',
  messageId: null,
  model: 'm',
  usage: NO_USAGE,
  cost: 1n,
  problem: null,
};

describe('runs in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let admissions: RunAdmissionRepository;
  let journals: RunJournalRepository;
  let runs: RunRepository;
  let workers: WorkerLeaseRepository;
  let conversations: ConversationRepository;
  let user: Principal;
  const owner = v7();

  beforeAll(async () => {
    database = await createTestDatabase();
    const { dataSource } = database;
    admissions = new RunAdmissionRepository(dataSource);
    journals = new RunJournalRepository(dataSource);
    runs = new RunRepository(dataSource);
    workers = new WorkerLeaseRepository(dataSource);
    conversations = new ConversationRepository(dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(database.dataSource);
  });

  function admission(principal: Principal = user): Admission {
    return {
      runId: v7(),
      userId: principal.userId,
      owner,
      agent: 'default',
      model: 'm',
      endpoint: 'chat',
      request: {},
      messageId: v7(),
      parts: [{ type: 'text', text: 'hi' }],
      now: NOW,
      expiresAt: TOMORROW,
    };
  }

  async function aRun(): Promise<{ run: OwnedRun; journal: RunJournal }> {
    const sessionId = v7();
    const admitted = admission();
    expect(await admissions.admitToNewConversation(sessionId, 'hi', admitted)).toEqual({
      outcome: 'admitted',
      messageSeq: 1,
    });
    const run: OwnedRun = { id: admitted.runId, epoch: 1, sessionId, principal: user, endpoint: 'chat' };
    return { run, journal: journals.forRun(run) };
  }

  function modelStep(
    overrides: Partial<Parameters<RunJournal['commitModelStep']>[0]> = {},
  ): Parameters<RunJournal['commitModelStep']>[0] {
    return {
      seq: 1,
      step: 1,
      message: { role: 'assistant', parts: [{ type: 'text', text: 'hello' }] },
      messageId: v7(),
      isComplete: true,
      finishReason: 'stop',
      rawFinishReason: 'stop',
      modelCall: { provider: 'openai', model: 'm', usage: USAGE, cost: 20_000_000n },
      intents: [],
      startedAt: NOW,
      ...overrides,
    };
  }

  it('admits one run per conversation; the second is told which one is active', async () => {
    const { run } = await aRun();
    expect(await admissions.admitToConversation(run.sessionId, admission())).toEqual({
      outcome: 'conflict',
      activeRunId: run.id,
    });
    await journals.close(run, COMPLETED);
    expect(await admissions.admitToConversation(run.sessionId, admission())).toEqual({
      outcome: 'admitted',
      messageSeq: 2,
    });
  });

  it('lets exactly one of twenty simultaneous messages in', async () => {
    const { run } = await aRun();
    await journals.close(run, COMPLETED);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => admissions.admitToConversation(run.sessionId, admission())),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(19);
    const messages = await conversations.findMessages(user.userId, run.sessionId, { limit: 50 });
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('admits nobody to another user’s conversation, nor to one that has expired, and stores nothing', async () => {
    const { run } = await aRun();
    await journals.close(run, COMPLETED);
    const stranger = await aUser(database.dataSource);
    expect(await admissions.admitToConversation(run.sessionId, admission(stranger))).toEqual({
      outcome: 'no_conversation',
    });
    expect(await admissions.admitToConversation(run.sessionId, { ...admission(), now: TOMORROW })).toEqual({
      outcome: 'no_conversation',
    });
    expect(await conversations.findMessages(user.userId, run.sessionId, { limit: 50 })).toHaveLength(1);
  });

  it('stores a step with its message, its usage and its intents together', async () => {
    const { run, journal } = await aRun();
    const call = { toolCallId: 'c1', toolName: 'calculator', input: { expression: '1' } };
    await journal.commitModelStep(
      modelStep({
        message: { role: 'assistant', parts: [{ type: 'tool-call', ...call }] },
        intents: [{ seq: 2, call }],
      }),
    );
    let record = (await runs.findOne(user.userId, run.id))!;
    expect(record.steps.map(({ kind, status, toolCallId }) => [kind, status, toolCallId])).toEqual([
      ['model', 'done', null],
      ['tool', 'started', 'c1'],
    ]);
    const result = {
      toolCallId: 'c1',
      toolName: 'calculator',
      result: { value: 1 },
      isError: false,
      durationMs: 2,
    };
    await journal.commitToolResults([{ seq: 2, result }], v7());
    record = (await runs.findOne(user.userId, run.id))!;
    expect(record.steps[1]).toMatchObject({ status: 'done', result: { value: 1 } });
    const messages = await conversations.findMessages(user.userId, run.sessionId, { limit: 50 });
    expect(messages.map(({ seq, role }) => [seq, role])).toEqual([
      [1, 'user'],
      [2, 'assistant'],
      [3, 'tool'],
    ]);
    const ledger = await database.dataSource.query(
      'SELECT model, source, input_tokens, cache_read_tokens, cache_write_tokens, cost_usd FROM usage_record WHERE run_id = $1',
      [run.id],
    );
    expect(ledger).toEqual([
      {
        model: 'm',
        source: 'measured',
        input_tokens: '10',
        cache_read_tokens: '4',
        cache_write_tokens: null,
        cost_usd: '0.000020000000',
      },
    ]);
  });

  it('keeps the run from a worker whose epoch has passed, but not the money it spent', async () => {
    const { run, journal } = await aRun();
    await database.dataSource.query('UPDATE run SET epoch = 2 WHERE id = $1', [run.id]);
    await expect(journal.commitModelStep(modelStep())).rejects.toThrow(RunFencedError);
    await expect(
      journal.recordToolResult({
        seq: 2,
        result: { toolCallId: 'c', toolName: 't', result: 1, isError: false, durationMs: 0 },
      }),
    ).rejects.toThrow(RunFencedError);
    expect(await journals.close(run, COMPLETED)).toBe(false);
    expect(await runs.findOne(user.userId, run.id)).toMatchObject({ status: 'running', steps: [] });
    expect(await conversations.findMessages(user.userId, run.sessionId, { limit: 50 })).toHaveLength(1);
    expect(
      await database.dataSource.query('SELECT epoch FROM usage_record WHERE run_id = $1', [run.id]),
    ).toEqual([{ epoch: 1 }]);
  });

  it('keeps the ledger when the conversation is erased in the middle of a run', async () => {
    const { run, journal } = await aRun();
    expect(await conversations.remove(user.userId, run.sessionId, NOW)).toBe(true);
    await expect(journal.commitModelStep(modelStep())).rejects.toThrow(RunFencedError);
    expect(await runs.findOne(user.userId, run.id)).toBeUndefined();
    expect(
      await database.dataSource.query('SELECT 1 FROM usage_record WHERE run_id = $1', [run.id]),
    ).toHaveLength(1);
  });

  it('stores what PostgreSQL would refuse: NULs go, lone surrogates are replaced', async () => {
    const { run, journal } = await aRun();
    const call = { toolCallId: 'c1', toolName: 'echo', input: { 'k\u0000': 'a\u0000b\ud800c' } };
    await journal.commitModelStep(
      modelStep({
        message: { role: 'assistant', parts: [{ type: 'text', text: 'x\u0000y\udfff 👍' }] },
        intents: [{ seq: 2, call }],
      }),
    );
    const [, message] = await conversations.findMessages(user.userId, run.sessionId, { limit: 50 });
    expect(message!.parts).toEqual([{ type: 'text', text: 'xy\ufffd 👍' }]);
    expect((await runs.findOne(user.userId, run.id))!.steps[1]!.request).toEqual({ k: 'ab\ufffdc' });
  });

  it('fails the runs of a worker that is gone, and frees their conversations', async () => {
    const { run, journal } = await aRun();
    await workers.register(owner, 'host', 60);
    const mine = v7();
    await workers.register(mine, 'host', 60);
    expect(await workers.failOrphans(mine, false, { code: 'shutting_down' })).toEqual([]);
    await database.dataSource.query(
      `UPDATE worker SET lease_until = now() - interval '1 second' WHERE id = $1`,
      [owner],
    );
    expect(await workers.failOrphans(mine, false, { code: 'shutting_down' })).toContain(run.id);
    expect(await runs.findOne(user.userId, run.id)).toMatchObject({ status: 'failed', stopReason: 'error' });
    await expect(journal.commitModelStep(modelStep())).rejects.toThrow(RunFencedError);
    expect(await admissions.admitToConversation(run.sessionId, admission())).toMatchObject({
      outcome: 'admitted',
    });
    expect(await workers.renew(owner, 60)).toBe(false);
  });

  it('shows a run to its owner alone', async () => {
    const { run } = await aRun();
    const stranger = await aUser(database.dataSource);
    expect(await runs.findOne(stranger.userId, run.id)).toBeUndefined();
    expect(await runs.findOne(user.userId, run.id)).toMatchObject({ id: run.id });
  });
});
