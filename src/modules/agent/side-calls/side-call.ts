import type { Principal } from '../../../shared/context/principal.js';
import type { QuotaAmount } from '../../rate-limit/index.js';
import type { ModelCallRecord } from '../loop/run-journal.js';

/** What it is for; a label of the ledger, beside the endpoints of runs. */
export type SideEndpoint = 'summary' | 'title' | 'embedding';

/**
 * How a side call went. `refused`: its user's budget or minute had no room. `unavailable`: nobody could tell, or the process
 * shuts down. `failed`: it was made, and there is nothing that can be used.
 */
export type SideCallOutcome<T> =
  { readonly outcome: 'ok'; readonly result: T } | { readonly outcome: 'refused' | 'unavailable' | 'failed' };

/** A call that belongs to no run, before it is made. */
export interface SideCall {
  readonly id: string;
  readonly principal: Principal;
  readonly endpoint: SideEndpoint;
  /** The most that it may use. */
  readonly reserved: QuotaAmount;
  /** What it is sent, by our own count: charged when nobody is left to tell how it ended. */
  readonly sent: ModelCallRecord;
}
