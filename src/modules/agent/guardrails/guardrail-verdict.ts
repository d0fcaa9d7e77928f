import type { Reason as DetectorReason } from './detector/detect.js';

/** Why a text was not let pass. `judge`: the second opinion said so. Part of the HTTP contract. */
export type GuardrailReason = DetectorReason | 'judge';

/**
 * `allow`: nothing to see. `flag`: suspicious; it goes on, under watch. `block`: what users write is refused; text of tools is
 * never blocked.
 */
export type Verdict = 'allow' | 'flag' | 'block';

export interface GuardrailVerdict {
  readonly verdict: Verdict;
  /** From 0 to 1. */
  readonly score: number;
  /** Empty for `allow`. */
  readonly reasons: readonly GuardrailReason[];
}

export const NO_VERDICT: GuardrailVerdict = { verdict: 'allow', score: 0, reasons: [] };
