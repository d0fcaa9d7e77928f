import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig, DatabaseConfig, ProcessConfig } from '../../../config/app-config.js';
import { ControlConnection } from '../../../database/control-connection.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { ActiveRuns } from '../active-runs.js';
import { ToolApprovalRepository } from '../approvals/tool-approval.repository.js';
import { IdempotencyKeyRepository } from '../idempotency/idempotency-key.repository.js';
import { RunAborted } from '../loop/run-loop.js';
import { RunLauncher } from '../run-launcher.js';
import { RunQueueRepository } from './run-queue.repository.js';
import { WorkerLease } from './worker-lease.js';
import { WorkerLeaseRepository } from './worker-lease.repository.js';

/** Behind the notifications: what they miss is found so much later. */
const POLL_MS = 1_000;
/** Keys that have expired are removed about so often. */
const SWEEP_EVERY_BEATS = 60;
/**
 * In beat intervals: a beat so long after the one before means that something was wrong in between. With the interval
 * before an outage it is less than a lease, so that nobody's can have run out unnoticed.
 */
const LATE_BEAT = 1.8;

/**
 * Keeps this process's part of the house in order: the heartbeat, the search for runs that lost their owner, the claims,
 * and what other processes say (`queue`: something may be claimed; `cancel <run>`; `erased <conversation>`).
 */
@Injectable()
export class RunSupervisor implements OnApplicationBootstrap {
  private timers: NodeJS.Timeout[] = [];
  private readonly working = new Set<Promise<void>>();
  private isClaiming = false;
  private claimAgain = false;
  private beats = 0;
  private beatAtMs = -Infinity;
  private mayReapAtMs = 0;
  private hasWarned = false;

  constructor(
    private readonly lease: WorkerLease,
    private readonly workers: WorkerLeaseRepository,
    private readonly queue: RunQueueRepository,
    private readonly active: ActiveRuns,
    private readonly launcher: RunLauncher,
    private readonly keys: IdempotencyKeyRepository,
    private readonly approvals: ToolApprovalRepository,
    private readonly control: ControlConnection,
    private readonly config: AgentConfig,
    private readonly process: ProcessConfig,
    private readonly database: DatabaseConfig,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.control.onNotification((payload) => this.hear(payload));
    this.control.onConnected(() => this.wake());
    await this.lease.renew();
    this.beatAtMs = this.clock.monotonicMs();
    await this.reap(this.database.isEmbedded);
    // After an outage every process says at once that it lives: the others wait for that before they judge.
    this.control.onConnected(() => this.track(this.beat()));
    this.every(this.lease.beatIntervalMs, () => this.beat());
    this.every(POLL_MS, () => this.poll());
    this.wake();
  }

  /** Something may be claimed now. */
  wake(): void {
    this.claimAgain = true;
    if (!this.isClaiming) this.track(this.claim());
  }

  /** Called when the last run has ended or was handed over. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.working);
    await this.lease.end();
  }

  private every(ms: number, work: () => Promise<void>): void {
    const timer = setInterval(() => this.track(work()), ms);
    timer.unref();
    this.timers.push(timer);
  }

  private track(work: Promise<void>): void {
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
  }

  /** A beat that fails is logged; the next one tries again, and the lease is long enough for two failures. */
  private async beat(): Promise<void> {
    try {
      await this.lease.renew();
      const nowMs = this.clock.monotonicMs();
      // Whoever was away itself, or whose database was, has no opinion about the others before they could have renewed:
      // their lease may be over although ours is not.
      if (nowMs - this.beatAtMs > this.lease.beatIntervalMs * LATE_BEAT) {
        this.mayReapAtMs = nowMs + this.config.leaseSeconds * 1000;
      }
      this.beatAtMs = nowMs;
      await this.reap(false);
      this.beats += 1;
      if (this.beats % SWEEP_EVERY_BEATS === 1) await this.keys.removeExpired();
      await this.warnAboutReplicas();
    } catch (error) {
      this.logger.error({ event: 'worker.beat_failed', err: error });
    }
  }

  private async reap(othersAreGone: boolean): Promise<void> {
    if (this.clock.monotonicMs() < this.mayReapAtMs) return;
    const orphans = await this.queue.requeueOrphans(this.lease.id, othersAreGone);
    for (const runId of orphans) this.logger.warn({ event: 'agent.run.orphaned', run_id: runId });
    await this.workers.removeDead(this.lease.id, othersAreGone);
    if (orphans.length > 0) this.wake();
  }

  private async poll(): Promise<void> {
    try {
      const owned = await this.queue.ownedBy(this.lease.id);
      for (const { id, isCancelRequested } of owned) if (isCancelRequested) this.cancel(id);
      await this.requeueForgotten(owned.map(({ id }) => id));
      if (this.active.isDraining) return;
      await this.approvals.expireOverdue();
      if (await this.queue.hasQueued()) this.wake();
    } catch (error) {
      this.logger.debug({ event: 'worker.poll_failed', err: error });
    }
  }

  /**
   * Runs that are ours in the database, and that we know nothing of: its answer was lost. What is about to be ours is known
   * before the database is asked for it, so nothing is taken for forgotten that is only young.
   */
  private async requeueForgotten(owned: readonly string[]): Promise<void> {
    if (this.isClaiming || this.active.isDraining) return;
    const forgotten = owned.filter((id) => !this.active.isKnown(id));
    if (forgotten.length === 0) return;
    const begun = forgotten.filter((id) => this.active.takeUnwritten(id));
    for (const runId of await this.queue.requeueForgotten(this.lease.id, forgotten, begun)) {
      this.logger.warn({ event: 'agent.run.forgotten', run_id: runId });
    }
    this.wake();
  }

  private async claim(): Promise<void> {
    this.isClaiming = true;
    try {
      while (this.claimAgain && !this.active.isDraining) {
        this.claimAgain = false;
        const slots = this.config.backgroundConcurrency - this.active.backgroundSize;
        const runs = await this.queue.claim(this.lease.id, {
          backgroundSlots: this.process.role === 'api' ? 0 : Math.max(slots, 0),
          backgroundRunsPerUser: this.config.backgroundRunsPerUser,
        });
        await Promise.all(
          runs.map((run) =>
            this.launcher.launch(run).catch((error: unknown) => {
              this.logger.error({ event: 'agent.run.not_launched', run_id: run.id, err: error });
              return this.queue.requeueForgotten(this.lease.id, [run.id]).catch(() => undefined);
            }),
          ),
        );
        if (runs.length > 0) this.claimAgain = true;
      }
    } catch (error) {
      this.logger.warn({ event: 'worker.claim_failed', err: error });
    } finally {
      this.isClaiming = false;
    }
  }

  private hear(payload: string): void {
    const [word, id = ''] = payload.split(' ');
    if (word === 'queue') this.wake();
    else if (word === 'cancel') {
      this.cancel(id);
      // A run that waits and is to be cancelled may be claimed for that alone.
      this.wake();
    } else if (word === 'erased') {
      this.active.inSession(id)?.abort(new RunAborted('cancelled', 'the conversation was erased'));
    }
  }

  private cancel(runId: string): void {
    this.active.get(runId)?.abort(new RunAborted('cancelled', 'the run was cancelled'));
  }

  /** Without Redis the limits and the live events of several replicas do not know of each other. */
  private async warnAboutReplicas(): Promise<void> {
    if (this.database.redisUrl || this.hasWarned || (await this.workers.countLive()) < 2) return;
    this.hasWarned = true;
    this.logger.error({
      event: 'worker.replicas_without_redis',
      detail: 'Several processes use this database. Set REDIS_URL, or limits hold per process only.',
    });
  }
}
