import { v7 } from 'uuid';
import type { LoggedEvent } from '../../../../src/modules/agent/events/run-event-log.js';
import { RunEventRepository } from '../../../../src/modules/agent/events/run-event.repository.js';
import { IdempotencyKeyRepository } from '../../../../src/modules/agent/idempotency/idempotency-key.repository.js';
import { outcomeUnknown } from '../../../../src/modules/agent/loop/execute-tool-calls.js';
import type { RunEvent } from '../../../../src/modules/agent/loop/run-events.js';
import {
  type ModelStepRecord,
  RunFencedError,
  type ToolResultRecord,
} from '../../../../src/modules/agent/loop/run-journal.js';
import type { OwnedRun, RunClosing } from '../../../../src/modules/agent/run.js';
import {
  type Admission,
  RunAdmissionRepository,
} from '../../../../src/modules/agent/run-admission.repository.js';
import {
  type JournalWrites,
  RunJournalRepository,
} from '../../../../src/modules/agent/run-journal.repository.js';
import type { RunRepository } from '../../../../src/modules/agent/run.repository.js';
import { ConversationRepository } from '../../../../src/modules/conversation/conversation.repository.js';
import type { Principal } from '../../../../src/shared/context/principal.js';
import { NO_USAGE } from '../../../../src/shared/llm/usage.js';
import { anAdmission, aUser, NOW, TOMORROW, aRunRepository } from '../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';

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
  context: null,
  isCached: false,
  problem: null,
};

const CALL = { toolCallId: 'c1', toolName: 'calculator', input: { expression: '1' } };
const RESULT: ToolResultRecord = {
  seq: 2,
  result: { toolCallId: 'c1', toolName: 'calculator', result: { value: 1 }, isError: false, durationMs: 2 },
};

const text = (delta: string): RunEvent => ({ type: 'text-delta', step: 1, delta });

/** Consecutive events from `firstId`. */
function logged(firstId: number, ...events: RunEvent[]): LoggedEvent[] {
  return events.map((event, index) => ({ id: firstId + index, event }));
}

describe('runs in PostgreSQL', () => {
  let database: TestDatabase;
  let admissions: RunAdmissionRepository;
  let journals: RunJournalRepository;
  let runs: RunRepository;
  let events: RunEventRepository;
  let keys: IdempotencyKeyRepository;
  let conversations: ConversationRepository;
  let user: Principal;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { dataSource } = database;
    admissions = new RunAdmissionRepository(dataSource);
    journals = new RunJournalRepository(dataSource);
    runs = aRunRepository(dataSource);
    events = new RunEventRepository(dataSource);
    keys = new IdempotencyKeyRepository(dataSource);
    conversations = new ConversationRepository(dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(database.dataSource);
  });

  async function aRun(
    overrides: Partial<Admission> = {},
  ): Promise<{ run: OwnedRun; journal: JournalWrites; admitted: Admission }> {
    const sessionId = v7();
    const admitted = anAdmission(user, overrides);
    expect(await admissions.startInNewConversation(sessionId, 'hi', admitted)).toEqual({
      outcome: 'started',
      messageSeq: 1,
      admittedAt: expect.any(Date),
    });
    const run = owned(admitted, sessionId);
    return { run, journal: journals.forRun(run), admitted };
  }

  function owned({ runId, endpoint }: Admission, sessionId: string): OwnedRun {
    return {
      id: runId,
      epoch: 1,
      sessionId,
      principal: user,
      endpoint,
      admittedAt: NOW,
      requestId: undefined,
      prompt: null,
    };
  }

  /** A conversation in which nothing goes on. */
  async function aConversation(): Promise<string> {
    const { run } = await aRun();
    expect(await journals.close(run, COMPLETED, [])).toBe('closed');
    return run.sessionId;
  }

  function modelStep(overrides: Partial<ModelStepRecord> = {}): ModelStepRecord {
    return {
      seq: 1,
      step: 1,
      message: { role: 'assistant', parts: [{ type: 'text', text: 'hello' }] },
      messageId: v7(),
      isComplete: true,
      finishReason: 'stop',
      rawFinishReason: 'stop',
      modelCall: {
        provider: 'openai',
        model: 'm',
        usage: USAGE,
        cost: 20_000_000n,
        priceVersion: 'configured:abc',
      },
      intents: [],
      approvals: { intents: [], expiresAt: NOW },
      startedAt: NOW,
      ...overrides,
    };
  }

  /** A step that asks for the calculator. */
  function askingStep(): ModelStepRecord {
    return modelStep({
      message: { role: 'assistant', parts: [{ type: 'tool-call', ...CALL }] },
      intents: [{ seq: 2, call: CALL }],
    });
  }

  async function rolesIn(sessionId: string): Promise<[number, string][]> {
    const messages = await conversations.findMessages(user.userId, sessionId, { limit: 50 });
    return messages.map(({ seq, role }) => [seq, role]);
  }

  async function queuedRuns(sessionId: string): Promise<number> {
    const [row] = await database.dataSource.query<{ queued_runs: number }[]>(
      'SELECT queued_runs FROM conversation WHERE id = $1',
      [sessionId],
    );
    return row!.queued_runs;
  }

  async function ledgerOf(run: OwnedRun): Promise<unknown[]> {
    return database.dataSource.query(
      'SELECT epoch, seq, source, cost_usd FROM usage_record WHERE run_id = $1 ORDER BY epoch, seq',
      [run.id],
    );
  }

  async function storedEvents({ id: runId, sessionId }: OwnedRun): Promise<readonly LoggedEvent[]> {
    return (await events.readAfter({ runId, sessionId, userId: user.userId }, 0))!.events;
  }

  describe(RunAdmissionRepository.name, () => {
    it('admits one run per conversation; the second is told which one is active', async () => {
      const { run } = await aRun();
      expect(await admissions.startInConversation(run.sessionId, anAdmission(user), 'reject')).toEqual({
        outcome: 'conflict',
        activeRunId: run.id,
      });
      await journals.close(run, COMPLETED, []);
      expect(await admissions.startInConversation(run.sessionId, anAdmission(user), 'reject')).toEqual({
        outcome: 'started',
        messageSeq: 2,
        admittedAt: expect.any(Date),
      });
    });

    it('lets exactly one of twenty simultaneous messages in', async () => {
      const sessionId = await aConversation();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          admissions.startInConversation(sessionId, anAdmission(user), 'reject'),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(19);
      expect(await rolesIn(sessionId)).toEqual([
        [1, 'user'],
        [2, 'user'],
      ]);
    });

    it('starts one of twenty simultaneous messages that may wait, and lines the others up', async () => {
      const sessionId = await aConversation();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          admissions.startInConversation(sessionId, anAdmission(user), 'enqueue'),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
      const places = outcomes.flatMap((outcome) => (outcome.outcome === 'queued' ? [outcome.ordinal] : []));
      expect(new Set(places).size).toBe(19);
      expect(await queuedRuns(sessionId)).toBe(19);
      expect(await rolesIn(sessionId)).toHaveLength(2);
    });

    it('admits nobody to another user’s conversation, nor to one that has expired, and stores nothing', async () => {
      const sessionId = await aConversation();
      const stranger = anAdmission(await aUser(database.dataSource));
      const late = anAdmission(user, { now: TOMORROW });
      for (const admission of [stranger, late]) {
        for (const onConflict of ['reject', 'enqueue', 'interrupt'] as const) {
          for (const admit of ['startInConversation', 'queueInConversation'] as const) {
            expect(await admissions[admit](sessionId, admission, onConflict)).toEqual({
              outcome: 'no_conversation',
            });
          }
        }
        expect(await runs.findOne(admission.userId, admission.runId)).toBeUndefined();
      }
      expect(await rolesIn(sessionId)).toHaveLength(1);
      expect(await queuedRuns(sessionId)).toBe(0);
    });

    it('starts nothing ahead of a run that waits', async () => {
      const sessionId = await aConversation();
      const waiting = anAdmission(user, { endpoint: 'runs' });
      expect(await admissions.queueInConversation(sessionId, waiting, 'reject')).toEqual({
        outcome: 'queued',
        ordinal: 2,
      });
      expect(await admissions.startInConversation(sessionId, anAdmission(user), 'reject')).toEqual({
        outcome: 'conflict',
        activeRunId: waiting.runId,
      });
      expect(await admissions.startInConversation(sessionId, anAdmission(user), 'enqueue')).toEqual({
        outcome: 'queued',
        ordinal: 3,
      });
    });

    it('keeps the message of a run that waits out of the conversation', async () => {
      const sessionId = v7();
      const waiting = anAdmission(user, { endpoint: 'runs' });
      expect(await admissions.queueInNewConversation(sessionId, 'hi', waiting)).toEqual({
        outcome: 'queued',
        ordinal: 1,
      });
      expect(await rolesIn(sessionId)).toEqual([]);
      expect(await queuedRuns(sessionId)).toBe(1);
      expect(await runs.findOne(user.userId, waiting.runId)).toMatchObject({
        status: 'queued',
        startedAt: null,
        usage: null,
      });
    });

    it('queues exactly one of twenty simultaneous messages that must not wait behind another', async () => {
      const sessionId = await aConversation();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          admissions.queueInConversation(sessionId, anAdmission(user, { endpoint: 'runs' }), 'reject'),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'queued')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(19);
      expect(await queuedRuns(sessionId)).toBe(1);
    });

    it('ties the idempotency key to the run and its conversation', async () => {
      const [sessionId, admitted] = [v7(), anAdmission(user, { idempotencyKey: 'k' })];
      expect(await keys.claim(user.userId, 'k', Buffer.alloc(32), admitted.runId)).toBe(true);
      expect(await admissions.startInNewConversation(sessionId, 'hi', admitted)).toMatchObject({
        outcome: 'started',
      });
      expect(await keys.find(user.userId, 'k')).toMatchObject({ runId: admitted.runId, sessionId });
    });

    it('admits nothing for a key that has become another request’s', async () => {
      const sessionId = await aConversation();
      await keys.claim(user.userId, 'k', Buffer.alloc(32), v7());
      const late = anAdmission(user, { idempotencyKey: 'k' });
      const lost = { outcome: 'claim_lost' };
      expect(await admissions.startInNewConversation(v7(), 'hi', late)).toEqual(lost);
      expect(await admissions.queueInNewConversation(v7(), 'hi', late)).toEqual(lost);
      for (const onConflict of ['reject', 'enqueue'] as const) {
        expect(await admissions.startInConversation(sessionId, late, onConflict)).toEqual(lost);
        expect(await admissions.queueInConversation(sessionId, late, onConflict)).toEqual(lost);
      }
      expect(await runs.findOne(user.userId, late.runId)).toBeUndefined();
      expect(await conversations.findPage(user.userId, { now: NOW, limit: 10 })).toHaveLength(1);
      expect(await queuedRuns(sessionId)).toBe(0);
    });

    it('asks the runs before an interruption to end, and names those that had begun', async () => {
      const { run } = await aRun();
      const waiting = anAdmission(user);
      await admissions.startInConversation(run.sessionId, waiting, 'enqueue');
      const interrupting = anAdmission(user);
      expect(await admissions.startInConversation(run.sessionId, interrupting, 'interrupt')).toEqual({
        outcome: 'queued',
        ordinal: 3,
      });
      expect(await admissions.cancelBefore(run.sessionId, user.userId, 3)).toEqual([run.id]);
      const asked = await database.dataSource.query<{ id: string }[]>(
        'SELECT id FROM run WHERE conversation_id = $1 AND cancel_requested_at IS NOT NULL ORDER BY ordinal',
        [run.sessionId],
      );
      expect(asked.map(({ id }) => id)).toEqual([run.id, waiting.runId]);
    });

    it('lets nobody else interrupt a run', async () => {
      const { run } = await aRun();
      const stranger = await aUser(database.dataSource);
      expect(await admissions.cancelBefore(run.sessionId, stranger.userId, 3)).toEqual([]);
    });
  });

  describe(RunJournalRepository.name, () => {
    it('stores a step with its message, its usage and its intents together', async () => {
      const { run, journal } = await aRun();
      const start: RunEvent = { type: 'run-start', runId: run.id, sessionId: run.sessionId };
      await journal.commitModelStep(askingStep(), logged(1, start, text('a')));
      let record = (await runs.findOne(user.userId, run.id))!;
      expect(record.steps.map(({ kind, status, toolCallId }) => [kind, status, toolCallId])).toEqual([
        ['model', 'done', null],
        ['tool', 'started', 'c1'],
      ]);
      const result: RunEvent = { type: 'tool-result', step: 1, result: RESULT.result };
      await journal.commitToolResults([RESULT], v7(), logged(3, result));
      record = (await runs.findOne(user.userId, run.id))!;
      expect(record.steps[1]).toMatchObject({ status: 'done', result: { value: 1 } });
      expect(await rolesIn(run.sessionId)).toEqual([
        [1, 'user'],
        [2, 'assistant'],
        [3, 'tool'],
      ]);
      const ledger = await database.dataSource.query(
        'SELECT model, source, input_tokens, cache_read_tokens, cache_write_tokens, cost_usd, price_version FROM usage_record WHERE run_id = $1',
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
          price_version: 'configured:abc',
        },
      ]);
      expect(await storedEvents(run)).toEqual(logged(1, start, text('a'), result));
    });

    it('keeps a result of several as soon as it is there, and that the outcome of another is unknown', async () => {
      const { run, journal } = await aRun();
      const second = { ...CALL, toolCallId: 'c2' };
      await journal.commitModelStep(
        modelStep({
          intents: [
            { seq: 2, call: CALL },
            { seq: 3, call: second },
          ],
        }),
        [],
      );
      await journal.recordToolResult(RESULT);
      const statuses = async (): Promise<string[]> =>
        (await runs.findOne(user.userId, run.id))!.steps.map(({ status }) => status);
      expect(await statuses()).toEqual(['done', 'done', 'started']);
      await journal.commitToolResults([RESULT, { seq: 3, result: outcomeUnknown(second) }], v7(), []);
      expect(await statuses()).toEqual(['done', 'done', 'unknown']);
    });

    it('recognises a write whose answer was lost, and changes nothing the second time', async () => {
      const { run, journal } = await aRun();
      const [step, toolMessageId] = [askingStep(), v7()];
      const end: RunEvent = { type: 'step-start', step: 2 };
      for (let time = 1; time <= 2; time += 1) {
        await journal.commitModelStep(step, logged(1, text('a')));
      }
      for (let time = 1; time <= 2; time += 1) await journal.recordToolResult(RESULT);
      for (let time = 1; time <= 2; time += 1) {
        await journal.commitToolResults([RESULT], toolMessageId, logged(2, text('b')));
      }
      expect(await journals.close(run, COMPLETED, logged(3, end))).toBe('closed');
      expect(await journals.close(run, COMPLETED, logged(3, end))).toBe('woke');

      expect(await rolesIn(run.sessionId)).toEqual([
        [1, 'user'],
        [2, 'assistant'],
        [3, 'tool'],
      ]);
      expect((await runs.findOne(user.userId, run.id))!.steps).toHaveLength(2);
      expect(await ledgerOf(run)).toHaveLength(1);
      expect(await storedEvents(run)).toEqual(logged(1, text('a'), text('b'), end));
    });

    it('recognises the repetition of a step that has neither message nor events', async () => {
      const { run, journal } = await aRun();
      const silent = modelStep({ message: undefined, isComplete: false, finishReason: 'error' });
      await journal.commitModelStep(silent, []);
      await journal.commitModelStep(silent, []);
      expect((await runs.findOne(user.userId, run.id))!.steps).toMatchObject([{ status: 'error' }]);
      expect(await rolesIn(run.sessionId)).toEqual([[1, 'user']]);
      expect(await ledgerOf(run)).toHaveLength(1);
    });

    it('keeps the run from a worker whose epoch has passed, but not the money it spent', async () => {
      const { run, journal } = await aRun();
      await database.dataSource.query('UPDATE run SET epoch = 2 WHERE id = $1', [run.id]);
      const shown = logged(1, text('a'));
      await expect(journal.commitModelStep(modelStep(), shown)).rejects.toThrow(RunFencedError);
      await expect(journal.recordToolResult(RESULT)).rejects.toThrow(RunFencedError);
      await expect(journal.commitToolResults([RESULT], v7(), shown)).rejects.toThrow(RunFencedError);
      await expect(journals.resume(run, shown, undefined)).rejects.toThrow(RunFencedError);
      await expect(journals.release(run, shown)).rejects.toThrow(RunFencedError);
      expect(await journals.close(run, COMPLETED, shown)).toBe('fenced');
      expect(await journals.isOwned(run)).toBe(false);

      expect(await runs.findOne(user.userId, run.id)).toMatchObject({ status: 'running', steps: [] });
      expect(await rolesIn(run.sessionId)).toHaveLength(1);
      expect(await queuedRuns(run.sessionId)).toBe(0);
      expect(await storedEvents(run)).toEqual([]);
      expect(await ledgerOf(run)).toEqual([
        { epoch: 1, seq: 1, source: 'measured', cost_usd: '0.000020000000' },
      ]);
    });

    it('keeps the ledger when the conversation is erased in the middle of a run', async () => {
      const { run, journal } = await aRun();
      expect(await conversations.remove(user.userId, run.sessionId, NOW)).toBe(true);
      await expect(journal.commitModelStep(modelStep(), logged(1, text('a')))).rejects.toThrow(
        RunFencedError,
      );
      expect(await journals.close(run, COMPLETED, logged(1, text('a')))).toBe('fenced');
      expect(await runs.findOne(user.userId, run.id)).toBeUndefined();
      expect(await ledgerOf(run)).toHaveLength(1);
    });

    it('stores what PostgreSQL would refuse: NULs go, lone surrogates are replaced', async () => {
      const { run, journal } = await aRun();
      const call = { toolCallId: 'c1', toolName: 'echo', input: { 'k\u0000': 'a\u0000b\ud800c' } };
      const shown = logged(1, text('x\u0000y\udfff'));
      await journal.commitModelStep(
        modelStep({
          message: { role: 'assistant', parts: [{ type: 'text', text: 'x\u0000y\udfff 👍' }] },
          intents: [{ seq: 2, call }],
        }),
        shown,
      );
      const [, message] = await conversations.findMessages(user.userId, run.sessionId, { limit: 50 });
      expect(message!.parts).toEqual([{ type: 'text', text: 'xy\ufffd 👍' }]);
      expect((await runs.findOne(user.userId, run.id))!.steps[1]!.request).toEqual({ k: 'ab\ufffdc' });
      // A replay has to be what was shown.
      expect(await storedEvents(run)).toEqual(shown);
    });

    it('wakes whoever waits behind a run when it ends', async () => {
      const { run } = await aRun();
      await admissions.startInConversation(run.sessionId, anAdmission(user), 'enqueue');
      expect(await journals.close(run, COMPLETED, logged(1, text('a')))).toBe('woke');
    });

    it('gives the run of a process that goes down back: the next owner finds what was shown', async () => {
      const { run, journal } = await aRun();
      const cutShort = { provider: 'openai', model: 'm', usage: { ...USAGE, source: 'estimated' as const } };
      await journals.release(run, logged(1, text('a')), { seq: 1, call: { ...cutShort, cost: undefined } });
      expect(await runs.findOne(user.userId, run.id)).toMatchObject({ status: 'queued', steps: [] });
      expect(await queuedRuns(run.sessionId)).toBe(1);
      expect(await storedEvents(run)).toEqual(logged(1, text('a')));
      expect(await ledgerOf(run)).toEqual([{ epoch: 1, seq: 1, source: 'estimated', cost_usd: null }]);
      expect(await journals.isOwned(run)).toBe(false);
      await expect(journal.commitModelStep(modelStep({ seq: 3 }), [])).rejects.toThrow(RunFencedError);
    });

    it('begins anew with what the owner before had shown, and the call that it died in', async () => {
      const { run } = await aRun();
      await database.dataSource.query('UPDATE run SET epoch = 2 WHERE id = $1', [run.id]);
      const next = { ...run, epoch: 2 };
      const restart: RunEvent = { type: 'step-restart', step: 1, discardAfter: 1, isTailLost: false };
      const lost = {
        seq: 1,
        epoch: 1,
        call: { provider: 'openai', model: 'm', usage: USAGE, cost: 20_000_000n },
      };
      // Twice: the answer of the first was lost.
      for (let time = 1; time <= 2; time += 1) {
        await journals.resume(next, logged(2, text('a'), restart), lost);
      }
      expect(await storedEvents(next)).toEqual(logged(2, text('a'), restart));
      // What a call that nobody saw the end of has used is a guess, whoever guesses.
      expect(await ledgerOf(next)).toEqual([
        { epoch: 1, seq: 1, source: 'unknown', cost_usd: '0.000020000000' },
      ]);
      await journals.forRun(next).commitModelStep(modelStep(), logged(4, text('b')));
      expect(await ledgerOf(next)).toMatchObject([{ epoch: 1 }, { epoch: 2 }]);
    });
  });

  it('shows a run to its owner alone', async () => {
    const { run } = await aRun();
    const stranger = await aUser(database.dataSource);
    expect(await runs.findOne(stranger.userId, run.id)).toBeUndefined();
    expect(await runs.findOne(user.userId, run.id)).toMatchObject({ id: run.id });
  });
});
