import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import type { ChainHead } from './audit-chain.js';
import { AuditChainRepository } from './audit-chain.repository.js';

const INTERVAL_MS = 1_000;
const BATCH = 500;
/** A bound on how long one turn takes; the next one goes on. */
const MAX_BATCHES = 40;
/** The log is a second place that knows where the chain was, for whoever can write into the database. */
const REPORT_EVERY_MS = 60_000;
/** How long a shutdown waits for the last entries: another process, or the next start, seals them as well. */
const STOP_MS = 2_000;

/**
 * Gives the entries of the audit trail their place in the chain, about a second after they were written. Every process tries;
 * one at a time does it.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private reportedAtMs = -Infinity;
  private isFailing = false;

  constructor(
    private readonly chain: AuditChainRepository,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.working ??= this.turn().finally(() => (this.working = undefined));
    }, INTERVAL_MS);
    this.timer.unref();
  }

  /** The runs have ended by now: their module comes first. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    const rest = (this.working ?? Promise.resolve()).then(() => this.turn());
    await Promise.race([rest, delay(STOP_MS, undefined, { ref: false })]);
  }

  /** Seals what is there, before the trail is read. Waits for another process that is at it. Throws what the database throws. */
  async sealNow(): Promise<void> {
    if (await this.chain.hasUnsealed()) await this.seal(true);
  }

  private async turn(): Promise<void> {
    try {
      if (await this.chain.hasUnsealed()) await this.seal(false);
      this.isFailing = false;
    } catch (error) {
      // Once per outage: others say that the database is away.
      this.logger[this.isFailing ? 'debug' : 'warn']({ event: 'audit.not_sealed', err: error });
      this.isFailing = true;
    }
  }

  private async seal(isPatient: boolean): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const done = await this.chain.seal(BATCH, isPatient);
      if (done && done.sealed > 0) this.report(done.head);
      if (!done || done.sealed < BATCH) return;
    }
  }

  private report({ seq, hash }: ChainHead): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.reportedAtMs < REPORT_EVERY_MS) return;
    this.reportedAtMs = nowMs;
    this.logger.info({ event: 'audit.head', seq, hash });
  }
}
