import { hostname } from 'node:os';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { DatabaseConfig, AgentConfig } from '../../config/app-config.js';
import { IDS, type Ids } from '../../shared/context/ids.js';
import { AppError } from '../../shared/errors/app-error.js';
import { toProblem } from '../../shared/errors/problem-catalog.js';
import { WorkerLeaseRepository } from './worker-lease.repository.js';

const BEATS_PER_LEASE = 3;

/**
 * Says to the database that this process lives, and finds runs whose process does not. A run that lost its process is
 * failed, so that its conversation is free again.
 */
@Injectable()
export class WorkerLease implements OnApplicationBootstrap {
  readonly id: string;
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();

  constructor(
    private readonly workers: WorkerLeaseRepository,
    private readonly config: AgentConfig,
    private readonly database: DatabaseConfig,
    private readonly logger: PinoLogger,
    @Inject(IDS) ids: Ids,
  ) {
    this.id = ids.next();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.workers.register(this.id, hostname(), this.config.leaseSeconds);
    await this.reap(this.database.isEmbedded);
    this.timer = setInterval(
      () => {
        this.current = this.beat();
      },
      (this.config.leaseSeconds * 1000) / BEATS_PER_LEASE,
    );
    this.timer.unref();
  }

  /** Called when the last run has ended and the database is still there. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.current;
    await this.workers.remove(this.id).catch((error: unknown) => {
      this.logger.warn({ event: 'worker.not_removed', err: error });
    });
  }

  /** A beat that fails is logged; the next one tries again, and the lease is long enough for two failures. */
  private async beat(): Promise<void> {
    try {
      if (!(await this.workers.renew(this.id, this.config.leaseSeconds))) {
        await this.workers.register(this.id, hostname(), this.config.leaseSeconds);
      }
      await this.reap(false);
    } catch (error) {
      this.logger.error({ event: 'worker.beat_failed', err: error });
    }
  }

  private async reap(othersAreGone: boolean): Promise<void> {
    const lost = await this.workers.failOrphans(this.id, othersAreGone, toProblem(processLost()));
    for (const runId of lost) this.logger.warn({ event: 'agent.run.orphaned', run_id: runId });
  }
}

function processLost(): AppError {
  return new AppError('unavailable', 'shutting_down', {
    detail: 'The process that drove this run went away before it ended.',
    retryAfterSeconds: 1,
  });
}
