import { readFileSync } from 'node:fs';

/** What o200k takes as one token. Words without case; marks without spaces and line breaks around them. */
interface WordTable {
  /** Whether it is among the commonest 4,000 words; `undefined` for what is no token by itself. */
  isCommon(word: string): boolean | undefined;
  isMark(marks: string): boolean;
  /** Code units of the longest word that begins with this one; at least 1. */
  longestFrom(codeUnit: number): number;
}

/** Written by `scripts/common-words.mjs`: a note, the words, the marks. */
const FILE = new URL('./common-words.txt', import.meta.url);
/** How many letters a word shares with the one before it: in capitals for common words, which are all written small. */
const COMMON = 'ABCDEFGHIJKLMNO';
const OTHER = '0123456789!#$%&';
const ENTRY = new RegExp(`([${COMMON}${OTHER}])([^${COMMON}${OTHER}\\n]*)`, 'g');
const LONGEST_WORD = 16;
const LONGEST_MARK = 8;

let table: WordTable | undefined;

/** Read when the first text is counted: some 30 ms and 4 MB. */
export function wordTable(): WordTable {
  return (table ??= read());
}

/** How many of the longest known words cover a text, from its beginning on. */
export function partsOf(word: string): number {
  const table = wordTable();
  let parts = 0;
  for (let at = 0; at < word.length; parts++) {
    let length = Math.min(table.longestFrom(word.charCodeAt(at)), word.length - at);
    while (length > 1 && table.isCommon(word.slice(at, at + length)) === undefined) length--;
    at += length;
  }
  return parts;
}

export function tokensOfMarks(marks: string): number {
  const table = wordTable();
  let tokens = 0;
  for (let at = 0; at < marks.length; tokens++) {
    let length = Math.min(LONGEST_MARK, marks.length - at);
    while (length > 1 && !table.isMark(marks.slice(at, at + length))) length--;
    at += length;
  }
  return tokens;
}

function read(): WordTable {
  const [, words = '', marks = ''] = readFileSync(FILE, 'utf8').trimEnd().split('\n\n');
  const isCommon = new Map<string, boolean>();
  const longest = new Uint8Array(0x1_0000).fill(1);
  let word = '';
  for (const [, shared = '', added = ''] of words.matchAll(ENTRY)) {
    const common = COMMON.indexOf(shared);
    word = word.slice(0, common < 0 ? OTHER.indexOf(shared) : common) + added;
    isCommon.set(word, common >= 0);
    const first = word.charCodeAt(0);
    longest[first] = Math.max(longest[first]!, Math.min(word.length, LONGEST_WORD));
  }
  const known = new Set(marks.split('\n'));
  return {
    isCommon: (text) => isCommon.get(text),
    isMark: (text) => known.has(text),
    longestFrom: (codeUnit) => longest[codeUnit]!,
  };
}
