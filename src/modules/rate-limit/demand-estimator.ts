import { Injectable } from '@nestjs/common';
import type { Principal } from '../../shared/context/principal.js';
import type { QuotaAmount } from './quota-store.js';

/** The most that a request may use at first. The body is not validated yet; what is no such request demands nothing. */
export type EstimateDemand = (principal: Principal, body: unknown) => QuotaAmount;

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/** What requests demand is known where runs are made; that module says so here, so that this one knows nothing of it. */
@Injectable()
export class DemandEstimator {
  private estimateDemand: EstimateDemand = () => NOTHING;

  use(estimate: EstimateDemand): void {
    this.estimateDemand = estimate;
  }

  estimate(principal: Principal, body: unknown): QuotaAmount {
    return this.estimateDemand(principal, body);
  }
}
