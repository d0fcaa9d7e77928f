import type { PicoUsd } from '../money/usd.js';

/**
 * What the quota guard holds for a request. A run that the request makes takes it over, and settles it at its end; what
 * nobody has taken is given back by the token accounting interceptor.
 */
export interface Reservation {
  /** The id of the run that it is for. */
  readonly id: string;
  readonly userId: string;
  readonly tokens: number;
  readonly cost: PicoUsd;
  isTaken: boolean;
}
