import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { IDS, type Ids } from '../../../shared/context/ids.js';
import { WorkerLeaseRepository } from './worker-lease.repository.js';

const BEATS_PER_LEASE = 3;

/**
 * Says to the database that this process lives, and knows how sure of its runs it may be. What it knows itself is always
 * earlier than what the database knows: a lease counts from before the heartbeat was sent.
 */
@Injectable()
export class WorkerLease {
  readonly id: string;
  private readonly leaseMs: number;
  private heldUntilMs = -Infinity;
  private lastTickMs: number;
  private napCount = 0;
  private termCount = 0;
  private renewing: Promise<void> | undefined;

  constructor(
    private readonly workers: WorkerLeaseRepository,
    private readonly config: AgentConfig,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) ids: Ids,
  ) {
    this.id = ids.next();
    this.leaseMs = config.leaseSeconds * 1000;
    this.lastTickMs = clock.monotonicMs();
  }

  get beatIntervalMs(): number {
    return this.leaseMs / BEATS_PER_LEASE;
  }

  /** While this holds nobody can have taken over a run of this process. */
  get isHeld(): boolean {
    return this.clock.monotonicMs() < this.heldUntilMs;
  }

  /** Grows each time that the lease had run out before it was renewed: runs may have been lost in between. */
  get term(): number {
    return this.termCount;
  }

  /** Grows each time that this process turns out to have slept (paused, swapped out) for so long that its lease may be over. */
  get naps(): number {
    this.noticeNap();
    return this.napCount;
  }

  /** Renews the lease now. Throws when the database cannot be reached. Several callers at once make one heartbeat. */
  renew(): Promise<void> {
    this.renewing ??= this.beat().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  /** Says good-bye. A row that stays behind runs out by itself. */
  async end(): Promise<void> {
    this.heldUntilMs = -Infinity;
    await this.workers.remove(this.id).catch((error: unknown) => {
      this.logger.warn({ event: 'worker.not_removed', err: error });
    });
  }

  private async beat(): Promise<void> {
    this.noticeNap();
    const sentAtMs = this.clock.monotonicMs();
    await this.workers.beat(this.id, hostname(), this.config.leaseSeconds);
    if (sentAtMs >= this.heldUntilMs) this.termCount += 1;
    this.heldUntilMs = sentAtMs + this.leaseMs;
  }

  private noticeNap(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lastTickMs > this.leaseMs / 2) {
      this.napCount += 1;
      this.logger.warn({ event: 'worker.slept', slept_ms: Math.round(nowMs - this.lastTickMs) });
    }
    this.lastTickMs = nowMs;
  }
}
