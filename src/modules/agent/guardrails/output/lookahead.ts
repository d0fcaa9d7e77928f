/**
 * Reads ahead in a text whose end may not have come yet. A decision that has read no missing character holds whatever
 * follows; one that has (`isStarved`) is void and made again with more text. That makes rules independent of deltas without
 * their having to think of it. What lies further ahead than the bound is not there for any rule, so waiting has an end.
 */
export class Lookahead {
  isStarved = false;

  constructor(
    private readonly text: string,
    private readonly start: number,
    private readonly isFinal: boolean,
    private readonly bound: number,
  ) {}

  /** The character so many places ahead; empty behind the end and the bound. */
  at(offset: number): string {
    if (offset >= this.bound) return '';
    const index = this.start + offset;
    if (index < this.text.length) return this.text[index]!;
    if (!this.isFinal) this.isStarved = true;
    return '';
  }

  /** What was read: never more than `at` has reached. */
  slice(from: number, to: number): string {
    return this.text.slice(this.start + from, this.start + to);
  }

  /** The first offset from `from` on whose character is not in `set`, or that is `limit`. */
  skip(from: number, set: RegExp, limit: number): number {
    let offset = from;
    while (offset < limit) {
      const character = this.at(offset);
      if (character === '' || !set.test(character)) break;
      offset += 1;
    }
    return offset;
  }
}
