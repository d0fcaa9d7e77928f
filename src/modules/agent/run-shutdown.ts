import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ProcessConfig } from '../../config/app-config.js';
import { Draining } from '../observability/index.js';
import { ActiveRuns } from './active-runs.js';
import { shuttingDown } from './agent.errors.js';
import { RunAborted } from './loop/run-loop.js';
import { WorkerLease } from './worker-lease.js';

/** At shutdown: not ready at once, no new runs, and those that are open may go on for the grace period. */
@Injectable()
export class RunShutdown implements BeforeApplicationShutdown {
  constructor(
    private readonly active: ActiveRuns,
    private readonly draining: Draining,
    private readonly worker: WorkerLease,
    private readonly config: ProcessConfig,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.draining.begin();
    const reason = new RunAborted('error', 'the process is shutting down', { cause: shuttingDown() });
    await this.active.drain(this.config.shutdownGraceMs, reason);
    await this.worker.stop();
  }
}
