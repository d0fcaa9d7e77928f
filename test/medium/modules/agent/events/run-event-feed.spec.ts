import { v7 } from 'uuid';
import type { DatabaseConfig } from '../../../../../src/config/app-config.js';
import { ActiveRuns, type ActiveRun } from '../../../../../src/modules/agent/active-runs.js';
import { MemoryLiveEvents } from '../../../../../src/modules/agent/events/memory/memory-live-events.js';
import { type FeedEnd, RunEventFeed } from '../../../../../src/modules/agent/events/run-event-feed.js';
import { type LoggedEvent, RunEventLog } from '../../../../../src/modules/agent/events/run-event-log.js';
import { RunEventRepository } from '../../../../../src/modules/agent/events/run-event.repository.js';
import type { RunEvent } from '../../../../../src/modules/agent/loop/run-events.js';
import type { OwnedRun, RunReference } from '../../../../../src/modules/agent/run.js';
import { RunAdmissionRepository } from '../../../../../src/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../../../../../src/modules/agent/run-journal.repository.js';
import { Draining } from '../../../../../src/modules/observability/index.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { NO_USAGE } from '../../../../../src/shared/llm/usage.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { anAdmission, aUser, NOW } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

const NEVER = new AbortController().signal;

/** Consecutive text from `firstId`; the text says who showed it. */
function texts(firstId: number, lastId: number, owner: string): LoggedEvent[] {
  return Array.from({ length: lastId - firstId + 1 }, (_, index) => ({
    id: firstId + index,
    event: { type: 'text-delta', step: 1, delta: `${owner}${firstId + index}` },
  }));
}

/** A subscriber that reads on its own. */
class Reader {
  readonly seen: LoggedEvent[] = [];
  readonly ended: Promise<FeedEnd>;

  constructor(batches: AsyncGenerator<readonly LoggedEvent[], FeedEnd>) {
    this.ended = (async () => {
      for (;;) {
        const next = await batches.next();
        if (next.done) return next.value;
        this.seen.push(...next.value);
      }
    })();
  }

  /** As "id text" or "id type". */
  get story(): string[] {
    return this.seen.map(({ id, event }) => `${id} ${'delta' in event ? event.delta : event.type}`);
  }

  async reaches(lastId: number): Promise<void> {
    await until(() => this.seen.at(-1)?.id === lastId);
  }
}

/** Whoever drives the run, in another process. */
class Owner {
  private readonly shown: LoggedEvent[] = [];

  constructor(
    readonly run: OwnedRun,
    private readonly live: MemoryLiveEvents,
  ) {}

  async show(...events: readonly LoggedEvent[]): Promise<void> {
    this.shown.push(...events);
    const { id, epoch } = this.run;
    expect(await this.live.publish(id, epoch, events, () => this.shown)).toBe('published');
  }
}

describe(RunEventFeed.name, () => {
  let database: TestDatabase;
  let admissions: RunAdmissionRepository;
  let journals: RunJournalRepository;
  let user: Principal;
  let live: MemoryLiveEvents;
  let active: ActiveRuns;
  let feed: RunEventFeed;
  let reference: RunReference;
  let first: Owner;
  const leaving = new Set<AbortController>();

  beforeAll(async () => {
    database = await createTestDatabase();
    admissions = new RunAdmissionRepository(database.dataSource);
    journals = new RunJournalRepository(database.dataSource);
    user = await aUser(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    live = new MemoryLiveEvents();
    active = new ActiveRuns(live, new Draining());
    const stored = new RunEventRepository(database.dataSource);
    feed = new RunEventFeed(active, stored, live, new KeptLog().logger, { poolSize: 2 } as DatabaseConfig);
    const [sessionId, admission] = [v7(), anAdmission(user)];
    await admissions.startInNewConversation(sessionId, 'hi', admission);
    reference = { runId: admission.runId, sessionId, userId: user.userId };
    const owned = { id: admission.runId, epoch: 1, sessionId, principal: user, endpoint: 'chat' as const };
    first = new Owner({ ...owned, admittedAt: NOW, requestId: undefined, prompt: null }, live);
  });
  afterEach(() => {
    for (const reader of leaving) reader.abort();
    leaving.clear();
  });

  function read(afterId = 0): Reader {
    const stop = new AbortController();
    leaving.add(stop);
    return new Reader(feed.subscribe(reference, stop.signal, afterId));
  }

  const start = (): LoggedEvent => ({
    id: 1,
    event: { type: 'run-start', runId: reference.runId, sessionId: reference.sessionId },
  });

  function end(id: number): LoggedEvent {
    const event: RunEvent = {
      type: 'run-error',
      runId: reference.runId,
      sessionId: reference.sessionId,
      problem: { type: 't', title: 't', status: 500, detail: 'd', code: 'internal' },
      partial: true,
      usage: NO_USAGE,
      cost: 0n,
    };
    return { id, event };
  }

  const restartAt = (id: number, isTailLost: boolean): LoggedEvent => ({
    id,
    event: { type: 'step-restart', step: 1, discardAfter: 1, isTailLost },
  });

  /** Another process takes the run over: first it stores what was shown before, and its restart. */
  async function takeOver(
    epoch: number,
    known: readonly LoggedEvent[],
    restart: LoggedEvent,
  ): Promise<Owner> {
    const run = { ...first.run, epoch };
    await database.dataSource.query('UPDATE run SET epoch = $2 WHERE id = $1', [run.id, epoch]);
    await journals.resume(run, [...known, restart], undefined);
    return new Owner(run, live);
  }

  async function close(run: OwnedRun, events: readonly LoggedEvent[]): Promise<void> {
    const outcome = await journals.close(
      run,
      {
        status: 'failed',
        stopReason: 'error',
        finishReason: 'error',
        messageId: null,
        model: 'm',
        usage: NO_USAGE,
        cost: 0n,
        context: null,
        isCached: false,
        problem: null,
      },
      events,
    );
    expect(outcome).toBe('closed');
  }

  /** This process drives the run from now on. */
  function driveHere(firstEventId: number): { log: RunEventLog; leave: () => void } {
    const log = new RunEventLog({ firstId: firstEventId });
    let leave!: () => void;
    const outcome = new Promise<'moved'>((resolve) => (leave = () => resolve('moved')));
    const { runId, sessionId } = reference;
    const run: ActiveRun = {
      runId,
      sessionId,
      isBackground: false,
      events: log,
      firstEventId,
      outcome,
      abort: () => undefined,
      handOver: () => undefined,
    };
    active.add(run);
    return {
      log,
      leave: () => {
        log.detach();
        leave();
      },
    };
  }

  it('gives a run that is driven elsewhere as it happens, from its beginning to its end', async () => {
    const reader = read();
    await reader.reaches(1);
    await first.show(start(), ...texts(2, 3, 'a'));
    await reader.reaches(3);
    await first.show(end(4));
    expect(await reader.ended).toBe('complete');
    expect(reader.seen).toEqual([start(), ...texts(2, 3, 'a'), end(4)]);
  });

  it('gives from the database what is nowhere else, and what comes after an id', async () => {
    await close(first.run, [start(), ...texts(2, 3, 'a'), end(4)]);
    const [all, rest] = [read(), read(2)];
    expect(await Promise.all([all.ended, rest.ended])).toEqual(['complete', 'complete']);
    expect(all.seen).toEqual([start(), ...texts(2, 3, 'a'), end(4)]);
    expect(rest.seen).toEqual([...texts(3, 3, 'a'), end(4)]);
    // Somebody who has the last event already.
    const last = read(4);
    expect(await last.ended).toBe('complete');
    expect(last.seen).toEqual([]);
  });

  it('goes on with the database when the cache has a gap', async () => {
    await journals.forRun(first.run).commitToolResults([], v7(), [start(), ...texts(2, 4, 'a')]);
    const second = new Owner(first.run, live);
    await second.show(...texts(5, 6, 'a'));
    const reader = read();
    await reader.reaches(6);
    expect(reader.story).toEqual(['1 run-start', '2 a2', '3 a3', '4 a4', '5 a5', '6 a6']);
  });

  it('follows the run to its next owner, whose restart it shows', async () => {
    const reader = read();
    await first.show(start(), ...texts(2, 4, 'a'));
    await reader.reaches(4);
    expect(await live.adopt(reference.runId, 2, 1)).toEqual(texts(2, 4, 'a'));
    const second = await takeOver(2, texts(2, 4, 'a'), restartAt(5, false));
    await second.show(restartAt(5, false), ...texts(6, 7, 'b'), end(8));
    expect(await reader.ended).toBe('complete');
    expect(reader.story).toEqual([
      '1 run-start',
      '2 a2',
      '3 a3',
      '4 a4',
      '5 step-restart',
      '6 b6',
      '7 b7',
      '8 run-error',
    ]);
  });

  it('goes back to the restart when the next owner could not know what had been shown', async () => {
    const reader = read();
    await first.show(start(), ...texts(2, 6, 'a'));
    await reader.reaches(6);
    live.end(reference.runId);
    const second = await takeOver(2, [], restartAt(2, true));
    await second.show(restartAt(2, true), ...texts(3, 3, 'b'));
    await reader.reaches(3);
    await second.show(...texts(4, 8, 'b'), end(9));
    expect(await reader.ended).toBe('complete');
    expect(reader.story.slice(6)).toEqual([
      '2 step-restart',
      '3 b3',
      '4 b4',
      '5 b5',
      '6 b6',
      '7 b7',
      '8 b8',
      '9 run-error',
    ]);
  });

  it('goes back also when the next owner was faster than the reader', async () => {
    await first.show(start(), ...texts(2, 4, 'a'));
    const batches = feed.subscribe(reference, NEVER);
    const pulled: LoggedEvent[] = [];
    while (pulled.at(-1)?.id !== 4) pulled.push(...((await batches.next()).value as LoggedEvent[]));
    live.end(reference.runId);
    const second = await takeOver(2, [], restartAt(2, true));
    await second.show(restartAt(2, true), ...texts(3, 6, 'b'));
    const next = (await batches.next()).value as LoggedEvent[];
    expect(next[0]).toEqual(restartAt(2, true));
    await batches.return('aborted');
  });

  it('goes back once for each owner that could not know', async () => {
    const reader = read();
    await first.show(start(), ...texts(2, 6, 'a'));
    await reader.reaches(6);
    live.end(reference.runId);
    const second = await takeOver(2, [], restartAt(2, true));
    await second.show(restartAt(2, true), ...texts(3, 7, 'b'));
    await reader.reaches(7);
    live.end(reference.runId);
    const third = await takeOver(3, [], restartAt(3, true));
    await third.show(restartAt(3, true), ...texts(4, 4, 'c'), end(5));
    expect(await reader.ended).toBe('complete');
    expect(reader.story.slice(6)).toEqual([
      '2 step-restart',
      '3 b3',
      '4 b4',
      '5 b5',
      '6 b6',
      '7 b7',
      '3 step-restart',
      '4 c4',
      '5 run-error',
    ]);
  });

  it('goes back when its own process takes the run over and could not know', async () => {
    const reader = read();
    await first.show(start(), ...texts(2, 6, 'a'));
    await reader.reaches(6);
    live.end(reference.runId);
    const { log } = driveHere(2);
    for (const { event } of [restartAt(2, true), ...texts(3, 3, 'b'), end(4)]) log.append(event);
    expect(await reader.ended).toBe('complete');
    expect(reader.story.slice(6)).toEqual(['2 step-restart', '3 b3', '4 run-error']);
  });

  it('is not sent back by a takeover that it has been told of', async () => {
    await first.show(start(), ...texts(2, 4, 'a'));
    await live.adopt(reference.runId, 2, 1);
    const second = await takeOver(2, texts(2, 4, 'a'), restartAt(5, false));
    await second.show(restartAt(5, false), ...texts(6, 7, 'b'));
    // Somebody who comes back after the restart, here and where the run is driven.
    const reader = read(6);
    await reader.reaches(7);
    expect(reader.story).toEqual(['7 b7']);
    const { log } = driveHere(5);
    for (const { event } of [restartAt(5, false), ...texts(6, 7, 'b'), end(8)]) {
      log.append(event);
      // Otherwise text is joined.
      log.unstored();
    }
    const local = read(6);
    expect(await local.ended).toBe('complete');
    expect(local.story).toEqual(['7 b7', '8 run-error']);
    expect(await reader.ended).toBe('complete');
    expect(reader.story).toEqual(['7 b7', '8 run-error']);
  });

  it('sends somebody who comes back to the restart when ids were given again: nobody knows which ones they have', async () => {
    const second = await takeOver(2, [], restartAt(2, true));
    await second.show(restartAt(2, true), ...texts(3, 8, 'b'));
    const reader = read(6);
    await reader.reaches(8);
    expect(reader.story[0]).toBe('2 step-restart');
    expect(reader.story).toHaveLength(7);
  });

  it('follows a run that leaves this process', async () => {
    const here = driveHere(1);
    const reader = read();
    for (const { event } of [start(), ...texts(2, 2, 'a')]) here.log.append(event);
    await reader.reaches(2);
    here.leave();
    const second = await takeOver(2, texts(2, 2, 'a'), restartAt(3, false));
    await second.show(restartAt(3, false), end(4));
    expect(await reader.ended).toBe('complete');
    expect(reader.story).toEqual(['1 run-start', '2 a2', '3 step-restart', '4 run-error']);
  });

  it('says that the run was erased', async () => {
    const reader = read();
    await reader.reaches(1);
    await database.dataSource.query('DELETE FROM conversation WHERE id = $1', [reference.sessionId]);
    live.wake(reference.runId);
    expect(await reader.ended).toBe('gone');
  });

  it('shows nobody another user’s run', async () => {
    await close(first.run, [start(), ...texts(2, 3, 'a'), end(4)]);
    const stranger = await aUser(database.dataSource);
    const reader = new Reader(feed.subscribe({ ...reference, userId: stranger.userId }, NEVER, 1));
    expect(await reader.ended).toBe('gone');
    expect(reader.seen).toEqual([]);
  });

  it('lets go of a reader that leaves, and of all when the process goes down', async () => {
    const stop = new AbortController();
    const [leaves, stays] = [new Reader(feed.subscribe(reference, stop.signal)), read()];
    await Promise.all([leaves.reaches(1), stays.reaches(1)]);
    stop.abort();
    expect(await leaves.ended).toBe('aborted');
    await active.drain(0);
    expect(await stays.ended).toBe('shutting_down');
  });

  it('waits for the last event of a run that is driven elsewhere', async () => {
    const outcome = feed.outcome(reference, NEVER);
    await first.show(start(), ...texts(2, 3, 'a'));
    await first.show(end(4));
    expect(await outcome).toEqual(end(4).event);
  });
});
