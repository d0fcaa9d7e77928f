import { toComparable } from './folded-text.js';
import { CONCEPTS, type Concept, type Lexicon } from './lexicon.js';
import { ENGLISH } from './lexicon-english.js';
import { EUROPEAN } from './lexicon-european.js';
import { UNSPACED } from './lexicon-unspaced.js';
import type { Tokens } from './tokens.js';

interface Entry {
  readonly text: string;
  readonly isStem: boolean;
  /** A bit per concept. */
  bits: number;
}

/** Entries by a key of their first signs; several beginnings may share a key. */
type Index = ReadonlyMap<number, readonly Entry[]>;

const SPACED_KEY = 3;
const UNSPACED_KEY = 2;

const SPACED_INDEX = indexOf([ENGLISH, ...Object.values(EUROPEAN)], SPACED_KEY);
const UNSPACED_INDEX = indexOf(Object.values(UNSPACED), UNSPACED_KEY);

/** Where a text speaks of something: in order of the text. */
export interface Occurrences {
  readonly count: number;
  /** Offsets in the text. */
  readonly offsets: Int32Array;
  /** A bit per concept, as in CONCEPTS. */
  readonly bits: Int32Array;
}

export function bitOf(concept: Concept): number {
  return 1 << CONCEPTS.indexOf(concept);
}

/** `text` is comparable, `tokens` are its own. */
export function findConcepts(text: string, tokens: Tokens): Occurrences {
  const most = tokens.count + (text.length >> 1);
  const found = { offsets: new Int32Array(most), bits: new Int32Array(most) };
  let count = 0;
  const add = (offset: number, bits: number): void => {
    if (bits === 0 || count >= most) return;
    found.offsets[count] = offset;
    found.bits[count] = bits;
    count += 1;
  };
  for (let token = 0; token < tokens.count; token += 1) {
    const start = tokens.starts[token]!;
    const end = tokens.ends[token]!;
    if (tokens.unspaced[token] === 0) {
      add(start, spacedBits(text, start, end));
      continue;
    }
    for (let at = start; at < end; at += 1) add(at, unspacedBits(text, at));
  }
  return { count, ...found };
}

function spacedBits(text: string, start: number, end: number): number {
  let bits = 0;
  for (let length = SPACED_KEY; length > 0; length -= 1) {
    const entries = SPACED_INDEX.get(keyOf(text, start, length));
    if (!entries) continue;
    for (const entry of entries) {
      if (!text.startsWith(entry.text, start)) continue;
      const after = start + entry.text.length;
      if (entry.isStem || (after <= end ? after === end : !isLetter(text.charCodeAt(after))))
        bits |= entry.bits;
    }
  }
  return bits;
}

function unspacedBits(text: string, at: number): number {
  let bits = 0;
  for (let length = UNSPACED_KEY; length > 0; length -= 1) {
    const entries = UNSPACED_INDEX.get(keyOf(text, at, length));
    if (!entries) continue;
    for (const entry of entries) {
      if (text.startsWith(entry.text, at)) bits |= entry.bits;
    }
  }
  return bits;
}

/** No string is made for it: it is asked for at every word. */
function keyOf(text: string, start: number, length: number): number {
  let key = length;
  for (let at = start; at < start + length; at += 1)
    key = (Math.imul(key, 0x1f35) + text.charCodeAt(at)) & 0x3fffffff;
  return key;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 191;
}

function indexOf(lexicons: readonly Lexicon[], keyLength: number): Index {
  const entries = new Map<string, Entry>();
  for (const lexicon of lexicons) {
    for (const [concept, list] of Object.entries(lexicon)) {
      for (const item of list.split(', ')) {
        const isStem = item.endsWith('*');
        const text = toComparable(isStem ? item.slice(0, -1) : item);
        const entry = entries.get(item) ?? { text, isStem, bits: 0 };
        entry.bits |= bitOf(concept as Concept);
        entries.set(item, entry);
      }
    }
  }
  const index = new Map<number, Entry[]>();
  for (const entry of entries.values()) {
    const key = keyOf(entry.text, 0, Math.min(keyLength, entry.text.length));
    index.set(key, [...(index.get(key) ?? []), entry]);
  }
  return index;
}
