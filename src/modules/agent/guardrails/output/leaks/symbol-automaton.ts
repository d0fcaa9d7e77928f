import { SYMBOLS, symbolOf } from './fold-character.js';

/** Other characters that may stand between two letters or digits of a match. */
const MAX_GAP = 3;

/** Aho and Corasick's automaton over letters and digits: one step for each character, whatever the number of patterns. */
export class SymbolAutomaton {
  /** The state after a symbol, for every state. State 0 is the beginning. */
  private readonly next: Int32Array;
  /** How many symbols of a pattern a state has seen. */
  private readonly depth: readonly number[];
  /** The length of the pattern that ends in a state; 0: none. */
  private readonly ends: readonly number[];
  private readonly longest: number;

  constructor(patterns: readonly string[]) {
    const states = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
    const next = new Int32Array(states * SYMBOLS).fill(-1);
    const depth = [0];
    const ends = [0];
    for (const pattern of patterns) {
      let state = 0;
      for (let at = 0; at < pattern.length; at += 1) {
        const symbol = symbolOf(pattern.charCodeAt(at));
        if (symbol < 0) throw new Error('a pattern has letters and digits alone');
        const edge = state * SYMBOLS + symbol;
        if (next[edge]! < 0) {
          next[edge] = depth.length;
          depth.push(at + 1);
          ends.push(0);
        }
        state = next[edge]!;
      }
      ends[state] = pattern.length;
    }
    const failure = new Int32Array(states);
    const queue = [0];
    for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
      for (let symbol = 0; symbol < SYMBOLS; symbol += 1) {
        const edge = state * SYMBOLS + symbol;
        const fallback = state === 0 ? 0 : next[failure[state]! * SYMBOLS + symbol]!;
        const child = next[edge]!;
        if (child < 0) {
          next[edge] = Math.max(fallback, 0);
        } else {
          failure[child] = fallback;
          ends[child] ||= ends[fallback]!;
          queue.push(child);
        }
      }
    }
    this.next = next;
    this.depth = depth;
    this.ends = ends;
    this.longest = Math.max(...patterns.map(({ length }) => length));
  }

  scan(): SymbolScan {
    return new SymbolScan(this.next, this.depth, this.ends, this.longest);
  }
}

/** One text on its way through the automaton. */
export class SymbolScan {
  private state = 0;
  private gap = 0;
  private count = 0;
  /** Where the last symbols stand. */
  private readonly places: Float64Array;
  /** Where the match began, once there is one. */
  matchStart = -1;

  constructor(
    private readonly edges: Int32Array,
    private readonly depth: readonly number[],
    private readonly ends: readonly number[],
    longest: number,
  ) {
    this.places = new Float64Array(longest);
  }

  /** True: a pattern ends with this character. */
  next(code: number, place: number): boolean {
    const symbol = symbolOf(code);
    if (symbol < 0) {
      if (this.state !== 0 && (this.gap += 1) > MAX_GAP) this.state = 0;
      return false;
    }
    this.gap = 0;
    this.places[this.count++ % this.places.length] = place;
    this.state = this.edges[this.state * SYMBOLS + symbol]!;
    const length = this.ends[this.state]!;
    if (length === 0) return false;
    this.matchStart = this.placeBack(length);
    return true;
  }

  /** Where that begins which may still become a match; `Infinity`: nothing does. */
  get openSince(): number {
    const length = this.depth[this.state]!;
    return length === 0 ? Infinity : this.placeBack(length);
  }

  private placeBack(symbols: number): number {
    return this.places[(this.count - symbols) % this.places.length]!;
  }
}
