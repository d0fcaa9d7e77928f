/*
 * Where a history begins that does not fit as a whole. Cutting off as little as possible each time would move the
 * beginning with every turn, and no vendor's cache would ever know the request again. So it begins at a place that does
 * not depend on how long the conversation is by now: at the first turn behind a round number, of as many powers of two as
 * leaves the window at least half full. It then stays there until the window is full again.
 */

const HIGHEST_POWER = 10;
const LEAST_FILL = 0.5;

export interface Candidate {
  /** Its place in the conversation; ascending. */
  readonly firstSeq: number;
  readonly tokens: number;
}

/**
 * The index of the first turn to keep; `turns.length` when not even the newest fits. `isCut`: there are older turns that
 * were not read, so that the first one here is no place to begin at.
 */
export function chooseStart(turns: readonly Candidate[], budgetTokens: number, isCut: boolean): number {
  const rest = restTokens(turns);
  if (!isCut && rest[0]! <= budgetTokens) return 0;
  let start = turns.length;
  for (let power = HIGHEST_POWER; power >= 0; power -= 1) {
    start = firstThatFits(turns, rest, budgetTokens, 2 ** power);
    const isFull =
      rest[start]! >= budgetTokens * LEAST_FILL || turns.length - start >= turns.length * LEAST_FILL;
    if (start < turns.length && isFull) return start;
  }
  return start;
}

/** Of those that are the first behind a multiple of `round`. */
function firstThatFits(
  turns: readonly Candidate[],
  rest: readonly number[],
  budgetTokens: number,
  round: number,
): number {
  const found = turns.findIndex(({ firstSeq }, index) => {
    const before = index === 0 ? firstSeq - 1 : turns[index - 1]!.firstSeq;
    return rest[index]! <= budgetTokens && Math.floor(before / round) < Math.floor(firstSeq / round);
  });
  return found < 0 ? turns.length : found;
}

/** What each turn takes together with all after it, and 0 at the end. */
function restTokens(turns: readonly Candidate[]): number[] {
  const rest = new Array<number>(turns.length + 1).fill(0);
  for (let index = turns.length - 1; index >= 0; index -= 1) {
    rest[index] = rest[index + 1]! + turns[index]!.tokens;
  }
  return rest;
}
