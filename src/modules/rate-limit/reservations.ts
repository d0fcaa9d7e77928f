import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { UsageMeter } from '../../shared/context/usage-meter.js';
import { totalTokens } from '../../shared/llm/usage.js';
import { QUOTA_STORE, type QuotaStore } from './quota-store.js';

/** Ties a request's meter to what was reserved for it, and settles it exactly once. */
@Injectable()
export class Reservations {
  private readonly ids = new WeakMap<UsageMeter, string>();

  constructor(
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly logger: PinoLogger,
  ) {}

  /** A meter for what was just reserved. */
  open(reservationId: string): UsageMeter {
    const meter = new UsageMeter();
    this.ids.set(meter, reservationId);
    return meter;
  }

  /**
   * Waits until nobody holds the meter, then settles to what was used; a request that reached no model is given back
   * whole. Never throws: a reservation that cannot be settled expires.
   */
  async settle(meter: UsageMeter): Promise<void> {
    await meter.settled();
    const id = this.ids.get(meter);
    if (id === undefined) return;
    this.ids.delete(meter);
    try {
      if (meter.modelCalls === 0) await this.store.release(id);
      else await this.store.settle(id, { tokens: totalTokens(meter.usage), cost: meter.cost });
    } catch (error) {
      this.logger.error({ event: 'quota.settle_failed', err: error });
    }
  }
}
