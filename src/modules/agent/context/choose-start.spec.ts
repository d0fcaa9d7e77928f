import fc from 'fast-check';
import { type Candidate, chooseStart } from './choose-start.js';

/** Turns of two messages each, from place 1. */
function turnsOf(...tokens: readonly number[]): Candidate[] {
  return tokens.map((count, index) => ({ firstSeq: index * 2 + 1, tokens: count }));
}

describe(chooseStart.name, () => {
  it('begins at the first turn as long as everything fits', () => {
    expect(chooseStart(turnsOf(10, 10, 10), 30, false)).toBe(0);
  });

  it('begins behind the last turn when not even that fits', () => {
    expect(chooseStart(turnsOf(10, 50), 49, false)).toBe(2);
  });

  it('never goes over the budget, and keeps the newest turn whenever that fits', () => {
    const anyTurns = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyTurns, fc.integer({ min: 1, max: 400 }), fc.boolean(), (tokens, budget, isCut) => {
        const start = chooseStart(turnsOf(...tokens), budget, isCut);
        expect(tokens.slice(start).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(budget);
        if (tokens.at(-1)! <= budget) expect(start).toBeLessThan(tokens.length);
      }),
    );
  });

  it('stays where it is while a conversation grows, so that a request begins like the one before', () => {
    const starts: number[] = [];
    for (let length = 1; length <= 400; length += 1) {
      starts.push(chooseStart(turnsOf(...new Array<number>(length).fill(10)), 500, false));
    }
    const moves = starts.filter((start, index) => index > 0 && start !== starts[index - 1]).length;
    // The window has 50 turns; cutting one off at a time would have moved 350 times.
    expect(moves).toBeLessThanOrEqual(30);
    const kept = starts.map((start, index) => index + 1 - start);
    expect(Math.min(...kept.slice(100))).toBeGreaterThanOrEqual(20);
  });

  it('does not begin at a turn that is the first only because older ones were not read', () => {
    const all = turnsOf(...new Array<number>(200).fill(1));
    const starts = [100, 101, 102, 103].map((from) => {
      const read = all.slice(from);
      return read[chooseStart(read, 10_000, true)]!.firstSeq;
    });
    expect(new Set(starts).size).toBe(1);
  });
});
