import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { DeadRows } from '../../../database/dead-rows.js';
import { ErasureParticipants } from '../../../shared/erasure/erasure-participants.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { AccountClosing, type ClosedAccount } from '../../auth/index.js';
import type { Actor } from '../../observability/index.js';
import { RunQueueRepository } from '../ownership/run-queue.repository.js';
import { AccountErasureRepository, type ErasedRows, type Kept } from './account-erasure.repository.js';

/** How long runs may take to end by themselves. What goes on after that finds its run gone at its next write. */
const RUNS_END_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** What became of everything of a user. */
export interface ErasureProof {
  readonly userId: string;
  /** Rows by table, those of none included. */
  readonly erased: ErasedRows;
  /** Elsewhere: caches and counters, by name. */
  readonly cleared: readonly string[];
  readonly kept: Kept;
}

/**
 * Erases users. The account is closed first, for good: from then on nothing begins for this user, and an erasure that fails in
 * the middle is finished by `ErasureSweeper`. Then the runs end, then the caches are cleared, then the rows go, and last the
 * account, with which nothing can be written any more.
 */
@Injectable()
export class AccountErasure {
  constructor(
    private readonly accounts: AccountClosing,
    private readonly queue: RunQueueRepository,
    private readonly repository: AccountErasureRepository,
    private readonly participants: ErasureParticipants,
    private readonly deadRows: DeadRows,
    private readonly logger: PinoLogger,
  ) {}

  /** Throws `not_found`, `last_administrator`, and what a database or a Redis that is away throws. */
  async erase(userId: string, actor: Actor): Promise<ErasureProof> {
    const proof = await this.finish(await this.accounts.close(userId, actor), actor);
    // Somebody else was faster: for whoever asks now there is no such account.
    if (!proof) throw notFound();
    return proof;
  }

  /** Of an account that is closed. `undefined`: it is gone already. */
  async finish({ id, email }: ClosedAccount, actor: Actor): Promise<ErasureProof | undefined> {
    await this.endRuns(id);
    const known = await this.repository.recentRunsOf(id);
    const cleared = await this.participants.erase({ id, email, runIds: known });
    const rows = await this.repository.eraseRows(id);
    const done = await this.repository.eraseAccount(id, actor, rows.erased);
    if (!done) return undefined;
    const { erased, kept, lateRunIds } = done;
    await this.clearAgain({ id, email, runIds: [...new Set([...known, ...rows.runIds, ...lateRunIds])] });
    this.deadRows.clear(Object.keys(erased));
    const total = Object.values(erased).reduce((sum, count) => sum + count, 0);
    this.logger.info({ event: 'account.erased', user_id: id, actor_id: actor.userId, rows: total });
    return { userId: id, erased, cleared, kept };
  }

  private async endRuns(userId: string): Promise<void> {
    const until = performance.now() + RUNS_END_WITHIN_MS;
    for (let driven = await this.queue.endAllOf(userId); driven > 0;) {
      if (performance.now() > until) {
        this.logger.warn({ event: 'account.erasure.runs_left', user_id: userId, runs: driven });
        return;
      }
      await delay(LOOK_EVERY_MS);
      driven = await this.queue.countDrivenOf(userId);
    }
  }

  /**
   * What was on its way: runs that another replica began before it knew that the account was closed have published, and have
   * settled what they used. From here on nothing comes; what cannot be cleared now expires within the hour.
   */
  private async clearAgain(user: Parameters<ErasureParticipants['erase']>[0]): Promise<void> {
    try {
      await this.participants.erase(user);
    } catch (error) {
      this.logger.error({ event: 'account.erasure.caches_left', user_id: user.id, err: error });
    }
  }
}
