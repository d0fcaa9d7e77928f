import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { AgentConfig, DatabaseConfig, ProcessConfig } from '../../../config/app-config.js';
import type { ControlConnection } from '../../../database/control-connection.js';
import type { Clock } from '../../../shared/context/clock.js';
import { Draining } from '../../observability/index.js';
import { ActiveRuns } from '../active-runs.js';
import { MemoryLiveEvents } from '../events/memory/memory-live-events.js';
import type { ToolApprovalRepository } from '../approvals/tool-approval.repository.js';
import type { IdempotencyKeyRepository } from '../idempotency/idempotency-key.repository.js';
import type { RunLauncher } from '../run-launcher.js';
import type { RunQueueRepository } from './run-queue.repository.js';
import { RunSupervisor } from './run-supervisor.js';
import { WorkerLease } from './worker-lease.js';
import type { WorkerLeaseRepository } from './worker-lease.repository.js';

const LEASE_SECONDS = 3;
const BEAT_MS = 1_000;

/** Stands in for the database: it can be away, and notes what it is asked for. */
class FakeDatabase {
  isAway = false;
  reaped = 0;
  beats = 0;
  owned: string[] = [];
  readonly requeued: (readonly [ids: readonly string[], begun: readonly string[]])[] = [];

  readonly workers = {
    beat: async () => {
      this.answer();
      this.beats += 1;
    },
    removeDead: async () => undefined,
    countLive: async () => 1,
  } as unknown as WorkerLeaseRepository;

  readonly queue = {
    requeueOrphans: async () => {
      this.reaped += 1;
      return [];
    },
    requeueForgotten: async (_worker: string, ids: readonly string[], begun: readonly string[]) => {
      this.requeued.push([ids, begun]);
      return ids;
    },
    ownedBy: async () => {
      this.answer();
      return this.owned.map((id) => ({ id, isCancelRequested: false }));
    },
    hasQueued: async () => false,
    claim: async () => [],
  } as unknown as RunQueueRepository;

  private answer(): void {
    if (this.isAway) throw new Error('Connection terminated');
  }
}

describe(RunSupervisor.name, () => {
  let database: FakeDatabase;
  let active: ActiveRuns;
  let connected: (() => void)[];
  beforeEach(async () => {
    jest.useFakeTimers();
    database = new FakeDatabase();
    connected = [];
    active = new ActiveRuns(new MemoryLiveEvents(), new Draining());
    const quiet = { debug: () => undefined, warn: () => undefined, error: () => undefined };
    const logger = quiet as unknown as PinoLogger;
    const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    const config = { leaseSeconds: LEASE_SECONDS, backgroundConcurrency: 1 } as AgentConfig;
    const control = {
      onNotification: () => undefined,
      onConnected: (listener: () => void) => connected.push(listener),
    } as unknown as ControlConnection;
    const supervisor = new RunSupervisor(
      new WorkerLease(database.workers, config, logger, clock, { next: () => 'worker' }),
      database.workers,
      database.queue,
      active,
      {} as RunLauncher,
      { removeExpired: async () => 0 } as unknown as IdempotencyKeyRepository,
      { expireOverdue: async () => [] } as unknown as ToolApprovalRepository,
      control,
      config,
      { role: 'all' } as ProcessConfig,
      { isEmbedded: false, redisUrl: undefined } as DatabaseConfig,
      logger,
      clock,
    );
    await supervisor.onApplicationBootstrap();
    database.reaped = 0;
  });
  afterEach(() => void jest.useRealTimers());

  it('looks with every beat for runs that lost their owner', async () => {
    await jest.advanceTimersByTimeAsync(2 * BEAT_MS);
    expect(database.reaped).toBe(2);
  });

  it('judges nobody after an outage before everybody could have said that they live', async () => {
    // Shorter than our lease, which is fresher than that of whoever beat just before us.
    database.isAway = true;
    await jest.advanceTimersByTimeAsync(1.5 * BEAT_MS);
    database.isAway = false;
    await jest.advanceTimersByTimeAsync(LEASE_SECONDS * 1_000);
    expect(database.reaped).toBe(0);
    await jest.advanceTimersByTimeAsync(2 * BEAT_MS);
    expect(database.reaped).toBeGreaterThan(0);
  });

  it('says at once that it lives when the database is back', async () => {
    const { beats } = database;
    for (const listener of connected) listener();
    await jest.advanceTimersByTimeAsync(0);
    expect(database.beats).toBe(beats + 1);
  });

  it('puts runs back that are its own in the database and that it knows nothing of', async () => {
    database.owned = ['forgotten', 'expected', 'unwritten'];
    active.expect('expected');
    active.leaveUnwritten('unwritten');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(database.requeued).toEqual([[['forgotten', 'unwritten'], ['unwritten']]]);
  });

  it('leaves a run alone that is about to begin', async () => {
    database.owned = ['expected'];
    const unexpect = active.expect('expected');
    await jest.advanceTimersByTimeAsync(3_000);
    expect(database.requeued).toEqual([]);
    unexpect();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(database.requeued).toEqual([[['expected'], []]]);
  });
});
