import { symbolOf } from './fold-character.js';

/** Other characters that may stand between two letters or digits of a match. */
const MAX_GAP = 3;

/**
 * Aho and Corasick's automaton over letters and digits: one look at each character, whatever the number of patterns. Every
 * run has one, so it is small: most states have a single successor.
 */
export class SymbolAutomaton {
  /** How many symbols of a pattern a state has seen. State 0 is the beginning. */
  readonly depth: Uint8Array;
  /** The length of the pattern that ends in a state; 0: none. */
  readonly ends: Uint8Array;
  readonly longest: number;
  private readonly symbol: Uint8Array;
  private readonly firstChild: Uint16Array;
  private readonly sibling: Uint16Array;
  /** The state of the longest end of what was seen that begins a pattern too. */
  private readonly failure: Uint16Array;

  constructor(patterns: readonly string[]) {
    const states = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
    this.depth = new Uint8Array(states);
    this.ends = new Uint8Array(states);
    this.symbol = new Uint8Array(states);
    this.firstChild = new Uint16Array(states);
    this.sibling = new Uint16Array(states);
    this.failure = new Uint16Array(states);
    this.longest = Math.max(...patterns.map(({ length }) => length));
    let count = 1;
    for (const pattern of patterns) {
      let state = 0;
      for (let at = 0; at < pattern.length; at += 1) {
        const symbol = symbolOf(pattern.charCodeAt(at));
        if (symbol < 0) throw new Error('a pattern has letters and digits alone');
        let child = this.childOf(state, symbol);
        if (child === 0) {
          child = count++;
          this.symbol[child] = symbol;
          this.depth[child] = at + 1;
          this.sibling[child] = this.firstChild[state]!;
          this.firstChild[state] = child;
        }
        state = child;
      }
      this.ends[state] = pattern.length;
    }
    const queue = [0];
    for (const state of queue) {
      for (let child = this.firstChild[state]!; child !== 0; child = this.sibling[child]!) {
        const fallback = state === 0 ? 0 : this.after(this.failure[state]!, this.symbol[child]!);
        this.failure[child] = fallback;
        this.ends[child] ||= this.ends[fallback]!;
        queue.push(child);
      }
    }
  }

  /** The state after one more symbol. */
  after(state: number, symbol: number): number {
    for (let from = state; ; from = this.failure[from]!) {
      const child = this.childOf(from, symbol);
      if (child !== 0 || from === 0) return child;
    }
  }

  private childOf(state: number, symbol: number): number {
    let child = this.firstChild[state]!;
    while (child !== 0 && this.symbol[child] !== symbol) child = this.sibling[child]!;
    return child;
  }

  scan(): SymbolScan {
    return new SymbolScan(this);
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

  constructor(private readonly automaton: SymbolAutomaton) {
    this.places = new Float64Array(automaton.longest);
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
    this.state = this.automaton.after(this.state, symbol);
    const length = this.automaton.ends[this.state]!;
    if (length === 0) return false;
    this.matchStart = this.placeBack(length);
    return true;
  }

  /** Where that begins which may still become a match; `Infinity`: nothing does. */
  get openSince(): number {
    const length = this.automaton.depth[this.state]!;
    return length === 0 ? Infinity : this.placeBack(length);
  }

  private placeBack(symbols: number): number {
    return this.places[(this.count - symbols) % this.places.length]!;
  }
}
