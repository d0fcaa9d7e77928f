const ASCII = 128;

/** Finds where one of many words may begin, by the first two characters of each. */
export class PairFinder {
  private readonly firsts = new Uint8Array(ASCII);
  private readonly pairs = new Uint8Array(ASCII * ASCII);

  /** `beginnings`: at least two characters each. What does not begin in ASCII is not found. */
  constructor(beginnings: Iterable<string>) {
    for (const beginning of beginnings) {
      const first = beginning.charCodeAt(0);
      const second = beginning.charCodeAt(1);
      if (first >= ASCII) continue;
      this.firsts[first] = 1;
      for (let code = 0; code < ASCII; code += 1) {
        if (second >= ASCII || code === second) this.pairs[first * ASCII + code] = 1;
      }
    }
  }

  /** The first such place from `from` on, or the length of the text. The last character counts when it may be a first one. */
  next(text: string, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      const first = text.charCodeAt(at);
      if (first >= ASCII) continue;
      if (this.firsts[first] === 0) continue;
      const second = text.charCodeAt(at + 1);
      if (!(second < ASCII) || this.pairs[first * ASCII + second] === 1) return at;
    }
    return text.length;
  }
}
