import { readFileSync } from 'node:fs';

/** What o200k takes as one token. Words without case; marks without spaces and line breaks around them. */
interface WordTable {
  /** A word's place in the order of how common words are; `undefined` for what is no token by itself. */
  rankOf(word: string): number | undefined;
  isMark(marks: string): boolean;
  /** Code units of the longest word that begins with this one; at least 1. */
  longestFrom(codeUnit: number): number;
}

/** Written by `scripts/common-words.mjs`: a note, the words, the marks. */
const FILE = new URL('./common-words.txt', import.meta.url);
const LONGEST_WORD = 16;
const LONGEST_MARK = 8;

let table: WordTable | undefined;

/** Read when the first text is counted: some 10 ms and 4 MB. */
export function wordTable(): WordTable {
  return (table ??= read());
}

/** How many of the longest known words cover a text, from its beginning on. */
export function partsOf(word: string): number {
  const { rankOf, longestFrom } = wordTable();
  let parts = 0;
  for (let at = 0; at < word.length; parts++) {
    let length = Math.min(longestFrom(word.charCodeAt(at)), word.length - at);
    while (length > 1 && rankOf(word.slice(at, at + length)) === undefined) length--;
    at += length;
  }
  return parts;
}

export function tokensOfMarks(marks: string): number {
  const { isMark } = wordTable();
  let tokens = 0;
  for (let at = 0; at < marks.length; tokens++) {
    let length = Math.min(LONGEST_MARK, marks.length - at);
    while (length > 1 && !isMark(marks.slice(at, at + length))) length--;
    at += length;
  }
  return tokens;
}

function read(): WordTable {
  const [, words = '', marks = ''] = readFileSync(FILE, 'utf8').trimEnd().split('\n\n');
  const ranks = new Map<string, number>();
  const longest = new Uint8Array(0x1_0000).fill(1);
  for (const word of words.split('\n')) {
    ranks.set(word, ranks.size);
    const first = word.charCodeAt(0);
    longest[first] = Math.max(longest[first]!, Math.min(word.length, LONGEST_WORD));
  }
  const known = new Set(marks.split('\n'));
  return {
    rankOf: (word) => ranks.get(word),
    isMark: (mark) => known.has(mark),
    longestFrom: (codeUnit) => longest[codeUnit]!,
  };
}
