import { v7 } from 'uuid';
import type { ControlConnection } from '../../../../../src/database/control-connection.js';
import type { LoggedEvent } from '../../../../../src/modules/agent/events/run-event-log.js';
import { RunEventRepository } from '../../../../../src/modules/agent/events/run-event.repository.js';
import { RunQueueRepository } from '../../../../../src/modules/agent/ownership/run-queue.repository.js';
import { WorkerLeaseRepository } from '../../../../../src/modules/agent/ownership/worker-lease.repository.js';
import type { ClaimedRun } from '../../../../../src/modules/agent/run.js';
import {
  type Admission,
  RunAdmissionRepository,
} from '../../../../../src/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../../../../../src/modules/agent/run-journal.repository.js';
import type { RunRepository } from '../../../../../src/modules/agent/run.repository.js';
import { ConversationRepository } from '../../../../../src/modules/conversation/conversation.repository.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { NO_USAGE } from '../../../../../src/shared/llm/usage.js';
import { anAdmission, aUser, aRunRepository } from '../../../../support/agent/agent-rows.js';
import { aControlConnection } from '../../../../support/servers/control-connection.js';
import {
  connectTestDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

const ROOM = { backgroundSlots: 1_000, backgroundRunsPerUser: 1_000 };
const NO_ROOM = { backgroundSlots: 0, backgroundRunsPerUser: 1_000 };

describe(RunQueueRepository.name, () => {
  let database: TestDatabase;
  let otherPool: TestDatabase;
  let control: ControlConnection;
  let queue: RunQueueRepository;
  let otherQueue: RunQueueRepository;
  let admissions: RunAdmissionRepository;
  let journals: RunJournalRepository;
  let runs: RunRepository;
  let conversations: ConversationRepository;
  let workers: WorkerLeaseRepository;
  let user: Principal;
  const worker = v7();

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = await connectTestDatabase(database.url);
    control = aControlConnection(database.url);
    queue = new RunQueueRepository(database.dataSource, control);
    otherQueue = new RunQueueRepository(otherPool.dataSource, control);
    admissions = new RunAdmissionRepository(database.dataSource);
    journals = new RunJournalRepository(database.dataSource);
    runs = aRunRepository(database.dataSource);
    conversations = new ConversationRepository(database.dataSource);
    workers = new WorkerLeaseRepository(control);
  });
  afterAll(async () => {
    await control.onApplicationShutdown();
    await otherPool.drop();
    await database.drop();
  });
  beforeEach(async () => {
    user = await aUser(database.dataSource);
  });
  afterEach(async () => {
    // Whatever a test did: how many runs wait is known exactly, in every conversation.
    const wrong = await database.dataSource.query<unknown[]>(
      `SELECT c.id, c.queued_runs FROM conversation c WHERE c.queued_runs <>
         (SELECT count(*) FROM run r WHERE r.conversation_id = c.id AND r.status = 'queued')`,
    );
    expect(wrong).toEqual([]);
    await database.dataSource.query('DELETE FROM conversation');
    await database.dataSource.query('DELETE FROM worker');
  });

  /** A run in the background that waits, in a conversation of its own. */
  async function aWaitingRun(
    principal: Principal = user,
    overrides: Partial<Admission> = {},
  ): Promise<{ runId: string; sessionId: string }> {
    const sessionId = v7();
    const admission = anAdmission(principal, { endpoint: 'runs', ...overrides });
    expect(await admissions.queueInNewConversation(sessionId, 'hi', admission)).toMatchObject({
      outcome: 'queued',
    });
    return { runId: admission.runId, sessionId };
  }

  /** A run that `owner` drives, in a conversation of its own. */
  async function aRunningRun(owner: string): Promise<{ runId: string; sessionId: string }> {
    const sessionId = v7();
    const admission = anAdmission(user, { owner });
    expect(await admissions.startInNewConversation(sessionId, 'hi', admission)).toMatchObject({
      outcome: 'started',
    });
    return { runId: admission.runId, sessionId };
  }

  /** A run that waits behind whatever is in the conversation. */
  async function behind(sessionId: string, overrides: Partial<Admission> = {}): Promise<string> {
    const admission = anAdmission(user, overrides);
    expect(await admissions.startInConversation(sessionId, admission, 'enqueue')).toMatchObject({
      outcome: 'queued',
    });
    return admission.runId;
  }

  async function end({ id, epoch, sessionId, endpoint, admittedAt }: ClaimedRun): Promise<void> {
    const outcome = await journals.close(
      { id, epoch, sessionId, endpoint, principal: user, admittedAt, requestId: undefined, prompt: null },
      {
        status: 'completed',
        stopReason: 'finished',
        finishReason: 'stop',
        messageId: null,
        model: 'm',
        usage: NO_USAGE,
        cost: 0n,
        context: null,
        isCached: false,
        problem: null,
      },
      [],
    );
    expect(outcome).not.toBe('fenced');
  }

  async function statusOf(runId: string): Promise<string> {
    const [row] = await database.dataSource.query<{ status: string }[]>(
      'SELECT status FROM run WHERE id = $1',
      [runId],
    );
    return row!.status;
  }

  const idsOf = (claimed: readonly ClaimedRun[]): string[] => claimed.map(({ id }) => id);

  describe('claim', () => {
    it('takes the runs of one conversation one after the other, in the order in which they came', async () => {
      const { runId: first, sessionId } = await aWaitingRun();
      const second = await behind(sessionId);
      const third = await behind(sessionId, { endpoint: 'runs' });
      const order: string[] = [];
      for (let turn = 1; turn <= 3; turn += 1) {
        const claimed = await queue.claim(worker, ROOM);
        expect(claimed).toHaveLength(1);
        expect(await queue.claim(worker, ROOM)).toEqual([]);
        order.push(claimed[0]!.id);
        await end(claimed[0]!);
      }
      expect(order).toEqual([first, second, third]);
      expect(await queue.hasQueued()).toBe(false);
    });

    it('brings the message of a run into the conversation when the run begins', async () => {
      const { runId, sessionId } = await aRunningRun(worker);
      const waiting = await behind(sessionId, { parts: [{ type: 'text', text: 'and then?' }] });
      const messages = async (): Promise<unknown[]> =>
        (await conversations.findMessages(user.userId, sessionId, { limit: 9 })).map((message) => [
          message.seq,
          message.runId,
          message.parts,
        ]);
      const hi = [1, runId, [{ type: 'text', text: 'hi' }]];
      expect(await messages()).toEqual([hi]);
      await database.dataSource.query(`UPDATE run SET status = 'completed' WHERE id = $1`, [runId]);
      expect(idsOf(await queue.claim(worker, NO_ROOM))).toEqual([waiting]);
      expect(await messages()).toEqual([hi, [2, waiting, [{ type: 'text', text: 'and then?' }]]]);
    });

    it('says what the new owner needs to know', async () => {
      const { runId, sessionId } = await aWaitingRun();
      const [claimed] = await queue.claim(worker, ROOM);
      expect(claimed).toMatchObject({
        id: runId,
        epoch: 1,
        sessionId,
        userId: user.userId,
        endpoint: 'runs',
        isBackground: true,
        request: { messageLength: 2, timeoutMs: 60_000 },
        model: 'm',
        isResumed: false,
        isCancelRequested: false,
        orphanedEpoch: null,
      });
      expect(claimed!.remainingMs).toBeGreaterThan(50_000);
      expect(claimed!.remainingMs).toBeLessThanOrEqual(60_000);
      expect(claimed!.elapsedMs).toBeLessThan(10_000);
      expect(await queue.ownedBy(worker)).toEqual([{ id: runId, isCancelRequested: false }]);
    });

    it('takes runs that somebody waits for without regard to the room for background runs', async () => {
      const { sessionId, runId: background } = await aWaitingRun();
      const { sessionId: busy, runId } = await aRunningRun(worker);
      const awaited = await behind(busy);
      await behind(sessionId);
      await database.dataSource.query(`UPDATE run SET status = 'completed' WHERE id = $1`, [runId]);
      // The other one that is awaited has its turn after a background run, which there is no room for.
      expect(idsOf(await queue.claim(worker, NO_ROOM))).toEqual([awaited]);
      expect(await statusOf(background)).toBe('queued');
    });

    it('takes no more background runs than it has room for, the oldest first', async () => {
      const waiting: string[] = [];
      for (let index = 0; index < 5; index += 1) waiting.push((await aWaitingRun()).runId);
      const limits = { backgroundSlots: 2, backgroundRunsPerUser: 1_000 };
      expect(idsOf(await queue.claim(worker, limits)).toSorted()).toEqual(waiting.slice(0, 2).toSorted());
      expect(idsOf(await queue.claim(worker, limits)).toSorted()).toEqual(waiting.slice(2, 4).toSorted());
    });

    it('lets a user have so many background runs and not one more, however many processes claim', async () => {
      const other = await aUser(database.dataSource);
      for (let index = 0; index < 12; index += 1) await aWaitingRun(user);
      for (let index = 0; index < 2; index += 1) await aWaitingRun(other);
      const limits = { backgroundSlots: 10, backgroundRunsPerUser: 3 };
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 ? queue : otherQueue).claim(v7(), limits)),
      );
      const claimed = claims.flat();
      expect(claimed.filter(({ userId }) => userId === user.userId)).toHaveLength(3);
      expect(claimed.filter(({ userId }) => userId === other.userId)).toHaveLength(2);
      expect(new Set(idsOf(claimed)).size).toBe(5);
      await end(claimed.find(({ userId }) => userId === user.userId)!);
      expect(await queue.claim(worker, limits)).toMatchObject([{ userId: user.userId }]);
    });

    it('gives every run to one of ten processes that claim at once', async () => {
      const waiting: string[] = [];
      for (let index = 0; index < 30; index += 1) waiting.push((await aWaitingRun()).runId);
      const limits = { backgroundSlots: 4, backgroundRunsPerUser: 1_000 };
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 ? queue : otherQueue).claim(v7(), limits)),
      );
      expect(claims.flat().every(({ epoch }) => epoch === 1)).toBe(true);
      expect(idsOf(claims.flat()).toSorted()).toEqual(waiting.toSorted());
      for (const claim of claims) expect(claim.length).toBeLessThanOrEqual(4);
    });

    it('does not let a user with thousands of waiting runs starve the others', async () => {
      await database.dataSource.query(
        `WITH c AS (
           INSERT INTO conversation (id, user_id, title, next_ordinal, queued_runs, created_at, updated_at, expires_at)
           SELECT gen_random_uuid(), $1::uuid, 'many', 2, 1, now(), now(), now() + interval '1 day'
             FROM generate_series(1, 3000) RETURNING id)
         INSERT INTO run (id, user_id, conversation_id, ordinal, status, epoch, agent, model, endpoint, request,
                          is_background, user_message_id, input, created_at)
         SELECT gen_random_uuid(), $1::uuid, c.id, 1, 'queued', 0, 'default', 'm', 'runs', '{"timeoutMs":60000}',
                true, gen_random_uuid(), '[]', now() - interval '1 hour' FROM c`,
        [user.userId],
      );
      const others = await Promise.all([aUser(database.dataSource), aUser(database.dataSource)]);
      for (const other of others) await aWaitingRun(other);
      const claimed = await queue.claim(worker, { backgroundSlots: 4, backgroundRunsPerUser: 2 });
      expect(claimed.map(({ userId }) => userId).toSorted()).toEqual(
        [user.userId, user.userId, others[0].userId, others[1].userId].toSorted(),
      );
      expect(await queue.countQueuedOf(user.userId)).toBe(2998);
    });

    it('takes a run that is only to be ended, although there is no room', async () => {
      const { runId, sessionId } = await aWaitingRun();
      await admissions.cancelBefore(sessionId, user.userId, 2);
      expect(await queue.claim(worker, NO_ROOM)).toMatchObject([{ id: runId, isCancelRequested: true }]);
    });
  });

  describe('requeueOrphans', () => {
    it('puts back the runs of workers that are gone, and those of no others', async () => {
      const [alive, late] = [v7(), v7()];
      await workers.beat(alive, 'host', 60);
      await workers.beat(late, 'host', 60);
      const { runId: ofLate } = await aRunningRun(late);
      const { runId: ofAlive } = await aRunningRun(alive);
      const { runId: mine } = await aRunningRun(worker);
      expect(await queue.requeueOrphans(worker, false)).toEqual([]);

      await database.dataSource.query(
        `UPDATE worker SET lease_until = now() - interval '1 second' WHERE id = $1`,
        [late],
      );
      const { runId: ofNobody } = await aRunningRun(v7());
      expect((await queue.requeueOrphans(worker, false)).toSorted()).toEqual([ofLate, ofNobody].toSorted());
      expect(await statusOf(ofAlive)).toBe('running');
      expect(await statusOf(mine)).toBe('running');
    });

    it('takes every other worker for dead when the database is this process’s alone', async () => {
      const alive = v7();
      await workers.beat(alive, 'host', 60);
      const { runId } = await aRunningRun(alive);
      const { runId: mine } = await aRunningRun(worker);
      expect(await queue.requeueOrphans(worker, true)).toEqual([runId]);
      expect(await statusOf(mine)).toBe('running');
    });

    it('lets the next owner go on where the run is, before whatever waits behind it', async () => {
      const { runId, sessionId } = await aRunningRun(v7());
      const waiting = await behind(sessionId);
      const deadline = async (): Promise<unknown> =>
        database.dataSource.query('SELECT deadline_at, started_at FROM run WHERE id = $1', [runId]);
      const before = await deadline();
      expect(await queue.requeueOrphans(worker, false)).toEqual([runId]);
      const claimed = await queue.claim(worker, NO_ROOM);
      expect(claimed).toMatchObject([{ id: runId, epoch: 3, isResumed: true, orphanedEpoch: 1 }]);
      expect(await deadline()).toEqual(before);
      expect(await conversations.findMessages(user.userId, sessionId, { limit: 9 })).toHaveLength(1);
      await end(claimed[0]!);
      expect(await queue.claim(worker, NO_ROOM)).toMatchObject([{ id: waiting, isResumed: false }]);
    });

    it('puts a run back once when several processes notice at the same time', async () => {
      const { runId } = await aRunningRun(v7());
      const ownControl = aControlConnection(database.url);
      const others = new RunQueueRepository(otherPool.dataSource, ownControl);
      const found = await Promise.all([
        queue.requeueOrphans(worker, false),
        others.requeueOrphans(v7(), false),
      ]);
      await ownControl.onApplicationShutdown();
      expect(found.flat()).toEqual([runId]);
      expect(await queue.claim(worker, NO_ROOM)).toMatchObject([{ id: runId, epoch: 3 }]);
    });
  });

  it('puts back those runs of this worker that it names, and charges only what was begun', async () => {
    const { runId: neverBegun } = await aRunningRun(worker);
    const { runId: begun } = await aRunningRun(worker);
    const { runId: driven } = await aRunningRun(worker);
    const { runId: ofAnother } = await aRunningRun(v7());
    const named = [neverBegun, begun, ofAnother];
    expect(new Set(await queue.requeueForgotten(worker, named, [begun]))).toEqual(
      new Set([neverBegun, begun]),
    );
    expect(await Promise.all([...named, driven].map(statusOf))).toEqual([
      'queued',
      'queued',
      'running',
      'running',
    ]);
    expect(await queue.claim(worker, NO_ROOM)).toMatchObject([
      { id: neverBegun, orphanedEpoch: null },
      { id: begun, orphanedEpoch: 1 },
    ]);
  });

  describe('cancel', () => {
    const lastEvent = (runId: string, sessionId: string): LoggedEvent => ({
      id: 2,
      event: {
        type: 'run-end',
        answer: {
          runId,
          sessionId,
          messageId: null,
          content: '',
          toolCalls: [],
          finishReason: 'error',
          stopReason: 'cancelled',
          model: 'm',
          usage: NO_USAGE,
          cost: 0n,
          latencyMs: 0,
        },
      },
    });

    it('ends a run that waits: its message never comes into the conversation, and the next one is not held up', async () => {
      const { runId, sessionId } = await aWaitingRun();
      const next = await behind(sessionId);
      const event = lastEvent(runId, sessionId);
      expect(await queue.cancel(user.userId, runId, event)).toBe('cancelled');
      expect(await runs.findOne(user.userId, runId)).toMatchObject({
        status: 'cancelled',
        stopReason: 'cancelled',
        usage: { inputTokens: { total: 0 }, outputTokens: { total: 0 } },
        costUsd: '0.000000',
        startedAt: null,
        endedAt: expect.any(Date),
      });
      const stored = new RunEventRepository(database.dataSource);
      expect(await stored.readAfter({ runId, sessionId, userId: user.userId }, 1)).toEqual({
        status: 'cancelled',
        events: [event],
      });
      expect(idsOf(await queue.claim(worker, NO_ROOM))).toEqual([next]);
      const messages = await conversations.findMessages(user.userId, sessionId, { limit: 9 });
      expect(messages.map((message) => message.runId)).toEqual([next]);
      expect(await queue.cancel(user.userId, runId, event)).toBe('over');
    });

    it('asks the owner of a run that has begun, and tells all processes', async () => {
      const heard: string[] = [];
      control.onNotification((payload) => heard.push(payload));
      const { runId, sessionId } = await aRunningRun(worker);
      expect(await queue.cancel(user.userId, runId, lastEvent(runId, sessionId))).toBe('requested');
      expect(await queue.ownedBy(worker)).toEqual([{ id: runId, isCancelRequested: true }]);
      await until(() => heard.includes(`cancel ${runId}`));
    });

    it('leaves a run that lost its owner to the next one, who is told', async () => {
      const { runId, sessionId } = await aRunningRun(v7());
      await queue.requeueOrphans(worker, false);
      expect(await queue.cancel(user.userId, runId, lastEvent(runId, sessionId))).toBe('requested');
      expect(await queue.claim(worker, NO_ROOM)).toMatchObject([
        { id: runId, isResumed: true, isCancelRequested: true },
      ]);
    });

    it('changes nothing of a run that is over', async () => {
      const { runId, sessionId } = await aWaitingRun();
      const [claimed] = await queue.claim(worker, ROOM);
      await end(claimed!);
      const before = await runs.findOne(user.userId, runId);
      expect(await queue.cancel(user.userId, runId, lastEvent(runId, sessionId))).toBe('over');
      expect(await runs.findOne(user.userId, runId)).toEqual(before);
    });

    it('does not find another user’s run', async () => {
      const stranger = await aUser(database.dataSource);
      const { runId, sessionId } = await aWaitingRun();
      const event = lastEvent(runId, sessionId);
      expect(await queue.cancel(stranger.userId, runId, event)).toBe('not_found');
      expect(await queue.cancel(user.userId, v7(), event)).toBe('not_found');
      expect(await queue.findReference(stranger.userId, runId)).toBeUndefined();
      expect(await queue.findReference(user.userId, runId)).toMatchObject({ sessionId, status: 'queued' });
      expect(await queue.claim(worker, ROOM)).toMatchObject([{ id: runId, isCancelRequested: false }]);
    });

    it('either withdraws a run or asks its owner when it is claimed at the same moment', async () => {
      const waiting: { runId: string; sessionId: string }[] = [];
      for (let index = 0; index < 40; index += 1) waiting.push(await aWaitingRun());
      const claims = Promise.all([queue.claim(worker, ROOM), otherQueue.claim(worker, ROOM)]);
      const outcomes = await Promise.all(
        waiting.map(async ({ runId, sessionId }) => [
          runId,
          await queue.cancel(user.userId, runId, lastEvent(runId, sessionId)),
        ]),
      );
      const claimed = new Map((await claims).flat().map((run) => [run.id, run]));
      const asked = new Map((await queue.ownedBy(worker)).map((run) => [run.id, run.isCancelRequested]));
      for (const [runId, outcome] of outcomes) {
        expect([outcome, claimed.has(runId!), asked.get(runId!)]).toEqual(
          outcome === 'cancelled' ? ['cancelled', false, undefined] : ['requested', true, true],
        );
      }
    });
  });
});
