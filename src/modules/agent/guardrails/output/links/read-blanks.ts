import type { Lookahead } from '../lookahead.js';

const MAX_BLANKS = 64;
const BLANK = /\s/;

/** The first offset from `from` on that is not blank, or as far as blanks are read. */
export function skipBlanks(look: Lookahead, from: number): number {
  return look.skip(from, BLANK, from + MAX_BLANKS);
}

/** Whether there are more blanks than `skipBlanks` reads: what stands behind them cannot be judged yet. */
export function hasManyBlanks(look: Lookahead, from: number): boolean {
  const end = skipBlanks(look, from);
  return end === from + MAX_BLANKS && BLANK.test(look.at(end));
}
