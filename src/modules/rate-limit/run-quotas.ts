import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig } from '../../config/app-config.js';
import type { Principal } from '../../shared/context/principal.js';
import { CurrentLimits } from './current-limits.js';
import { QuotaMetrics } from './quota-metrics.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import {
  BEFORE_OWNERS,
  QUOTA_STORE,
  type QuotaAmount,
  type QuotaLimits,
  type QuotaStore,
  QuotaStoreUnavailable,
} from './quota-store.js';
import { reservationLifetimeMs } from './reservation-lifetime.js';
import { orUnavailable } from './rate-limit.errors.js';

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };
/** How long a run waits in the middle for a store that is away, before it ends with what it has. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 500;
/** A settlement is tried again so often; then its reservation expires, and the ledger is asked. */
const SETTLE_TRIES = 120;
const RENEWALS_PER_LEASE = 3;

/** A run, or a call beside runs, and who drives it: the epoch tells owners apart. */
export interface QuotaOwner {
  readonly id: string;
  /** Left out: it never changes hands. */
  readonly epoch?: number;
  readonly principal: Principal;
}

/** What one run may spend. */
export interface RunQuota {
  /** Of its user, as they were when they were last asked for. */
  readonly limits: QuotaLimits;
  /**
   * Holds what the run may use next, beyond what it has used. False: it does not fit into what the user may use by now.
   * Throws `dependency_unavailable` when nobody can tell.
   */
  cover(used: QuotaAmount, next: QuotaAmount, signal: AbortSignal): Promise<boolean>;
  /** What is held for the next model call, as far as it is known here. */
  readonly held: QuotaAmount;
  /** The run goes on elsewhere; what is held for it goes along. */
  leave(): void;
  /**
   * The run is over; `undefined`: it has reached no model, and its request is given back too. Returns at once; what cannot be
   * settled now is tried again.
   */
  settle(used: QuotaAmount | undefined): void;
}

/** What an owner settles; `undefined`: it gives the request back. */
interface End {
  readonly id: string;
  readonly userId: string;
  readonly epoch: number;
  readonly used: QuotaAmount | undefined;
}

/** Opens the quotas of runs that this process drives. */
@Injectable()
export class RunQuotas implements OnModuleInit, OnApplicationShutdown {
  private readonly closed = new AbortController();
  /** The runs that this process drives. */
  private readonly driven = new Map<string, { readonly userId: string; readonly epoch: number }>();
  /** Settlements that are not through yet. */
  private readonly settling = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly policy: QuotaLimitsPolicy,
    private readonly current: CurrentLimits,
    private readonly agent: AgentConfig,
    private readonly metrics: QuotaMetrics,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    const { leaseSeconds } = this.agent;
    this.timer = setInterval(() => void this.renew(), (leaseSeconds * 1000) / RENEWALS_PER_LEASE);
    this.timer.unref();
  }

  /** `held`: what a guard has reserved under this id for the run's first model call. */
  open({ id, epoch = BEFORE_OWNERS, principal }: QuotaOwner, held: QuotaAmount = NOTHING): RunQuota {
    const { store, agent, metrics, policy, current } = this;
    const { userId } = principal;
    let known: Pick<Principal, 'tier' | 'limits'> = principal;
    const maxCost = policy.costPerRun;
    const expiresInMs = reservationLifetimeMs(agent);
    let isFirst = true;
    this.drives(id, userId, epoch);
    return {
      get limits() {
        return policy.of(known);
      },
      held,
      async cover(used, next, signal) {
        if (maxCost !== undefined && used.cost + next.cost > maxCost) {
          metrics.refused('run_cost');
          return false;
        }
        const isCovered = isFirst && next.tokens <= held.tokens && next.cost <= held.cost;
        isFirst = false;
        if (isCovered) return true;
        known = await current.of(userId, known);
        const limits = policy.of(known);
        const ask = () => store.reserve({ id, epoch, userId, limits, requests: 0, used, next, expiresInMs });
        const outcome = await orUnavailable(withPatience(ask, signal));
        if (!outcome.admitted) metrics.refused(outcome.refused.scope);
        return outcome.admitted;
      },
      leave: () => this.drivesNoMore(id, epoch),
      settle: (used) => {
        this.drivesNoMore(id, epoch);
        void this.settle({ id, userId, epoch, used });
      },
    };
  }

  /**
   * Gives back what a guard holds for a run that has to wait: it is reserved again when the run begins, which may be before this.
   * Waits for one attempt; the others are made in the background.
   */
  async park(id: string, userId: string): Promise<void> {
    await this.settle({ id, userId, epoch: BEFORE_OWNERS, used: NOTHING });
  }

  /** What is not settled by then expires, and the ledger is asked. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.closed.abort();
    await Promise.all(this.settling);
  }

  private drives(id: string, userId: string, epoch: number): void {
    this.driven.set(id, { userId, epoch });
    this.metrics.reserved(this.driven.size);
  }

  private drivesNoMore(id: string, epoch: number): void {
    if (this.driven.get(id)?.epoch === epoch) this.driven.delete(id);
    this.metrics.reserved(this.driven.size);
  }

  /** What cannot be renewed now is renewed the next time, or reserved again before the next model call. */
  private async renew(): Promise<void> {
    const byUser = new Map<string, string[]>();
    for (const [runId, { userId }] of this.driven) byUser.set(userId, [...(byUser.get(userId) ?? []), runId]);
    const lifetimeMs = reservationLifetimeMs(this.agent);
    await Promise.all(
      [...byUser].map(([userId, ids]) =>
        this.store.renew(userId, ids, lifetimeMs).catch((error: unknown) => {
          this.logger.debug({ event: 'quota.not_renewed', user_id: userId, err: error });
        }),
      ),
    );
  }

  /** Waits for the first attempt. */
  private async settle(end: End): Promise<void> {
    const first = this.trySettle(end, 1);
    const whole = first.then((isSettled) => (isSettled ? undefined : this.settleLater(end)));
    this.settling.add(whole);
    void whole.finally(() => this.settling.delete(whole));
    await first;
  }

  private async settleLater(end: End): Promise<void> {
    const { signal } = this.closed;
    for (let attempt = 2; attempt <= SETTLE_TRIES && !signal.aborted; attempt += 1) {
      const waitMs = RETRY_MS * Math.min(attempt - 1, 10);
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (await this.trySettle(end, attempt)) return;
    }
  }

  private async trySettle({ id, userId, epoch, used }: End, attempt: number): Promise<boolean> {
    try {
      if (used) await this.store.settle(id, userId, used, epoch);
      else await this.store.release(id, userId, epoch);
      return true;
    } catch (error) {
      if (attempt === 1) this.logger.warn({ event: 'quota.not_settled', run_id: id, err: error });
      return false;
    }
  }
}

async function withPatience<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof QuotaStoreUnavailable) || performance.now() > until || signal.aborted)
        throw error;
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
