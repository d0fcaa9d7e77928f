import { LRUCache } from 'lru-cache';
import { cutText } from './cut-text.js';
import { partsOf, tokensOfMarks, wordTable } from './word-table.js';

/*
 * Each piece of a text is looked up in a table of the commonest words of o200k. What is not there is covered with the
 * longest words that are; such a cover has more parts than o200k has tokens, since most of its vocabulary is missing here,
 * and by how many was measured for each script. A real tokenizer is no way: it takes 100 MB, and many seconds for 100 kB
 * of one letter.
 */

/** About how many tokens a text has in o200k, by what they are of. Vendors differ in what they spend on each. */
export interface PieceCounts {
  /** Words among the commonest few thousand. */
  readonly common: number;
  /** Other words of one token. */
  readonly rare: number;
  /** Latin words that take several tokens. */
  readonly split: number;
  /** Words all in capitals. */
  readonly capitals: number;
  /** Words in other scripts. */
  readonly foreign: number;
  /** Groups of up to three digits. */
  readonly digits: number;
  readonly marks: number;
  /** Line breaks and indentation. */
  readonly space: number;
}

type Counts = { -readonly [kind in keyof PieceCounts]: number };
type WordKind = 'common' | 'rare' | 'split' | 'capitals' | 'foreign';

/** A mark before a word that is often one token with it: the share of a token that it adds. */
const PREFIX_SHARE: Readonly<Record<string, number>> = {
  '': 0,
  ' ': 0,
  '’': 0,
  '.': 0.1,
  '(': 0.1,
  '[': 0.1,
  '#': 0.1,
  '\t': 0.1,
  _: 0.15,
  '-': 0.4,
  '/': 0.5,
  '=': 0.6,
  '"': 0.8,
};
/** White space longer than this takes another token. */
const LONGEST_SPACE = 80;

/** System prompts, tools and histories are the same for many calls. Shorter texts are counted faster than looked up. */
const KNOWN_FROM = 200;
const knownTexts = new LRUCache<string, PieceCounts>({
  max: 2_000,
  maxSize: 4_000_000,
  sizeCalculation: (_counts, text) => text.length,
});

interface WordCount {
  readonly kind: WordKind;
  readonly tokens: number;
}

/** Texts are made of the same words over and over. Longer ones are no words. */
const LONGEST_KNOWN_WORD = 24;
const MAX_KNOWN_WORDS = 20_000;
const knownWords = new Map<string, WordCount>();

export function countPieces(text: string): PieceCounts {
  if (text.length < KNOWN_FROM) return count(text);
  let counts = knownTexts.get(text);
  if (counts === undefined) knownTexts.set(text, (counts = count(text)));
  return counts;
}

function count(text: string): PieceCounts {
  const counts: Counts = {
    common: 0,
    rare: 0,
    split: 0,
    capitals: 0,
    foreign: 0,
    digits: 0,
    marks: 0,
    space: 0,
  };
  cutText(text, {
    word: (written, prefix) => {
      const { kind, tokens } = countWord(written);
      counts[kind] += tokens;
      counts.marks += PREFIX_SHARE[prefix] ?? 1;
    },
    digits: () => (counts.digits += 1),
    marks: (written) => (counts.marks += tokensOfMarks(written)),
    space: (length) => (counts.space += 1 + Math.floor(length / LONGEST_SPACE)),
  });
  return counts;
}

function countWord(written: string): WordCount {
  let counted = knownWords.get(written);
  if (counted === undefined) {
    counted = measureWord(written);
    if (knownWords.size >= MAX_KNOWN_WORDS) knownWords.clear();
    if (written.length <= LONGEST_KNOWN_WORD) knownWords.set(written, counted);
  }
  return counted;
}

function measureWord(written: string): WordCount {
  const apostrophe = written.lastIndexOf("'");
  const word = (apostrophe > 0 ? written.slice(0, apostrophe) : written).toLowerCase();
  // `don't` and `it's` are one token, `table's` is two.
  const contraction = apostrophe < 0 ? 0 : word.length > 4 ? 1 : 0.2;
  const first = word.charCodeAt(0);
  if (!isLatin(first))
    return { kind: 'foreign', tokens: contraction + tokensOfForeign(partsOf(word), first) };
  const isCommon = word.length === 1 || wordTable().isCommon(word);
  const tokens = contraction + (isCommon === undefined ? tokensOfLatin(partsOf(word), word.length) : 1);
  if (word.length > 2 && written === written.toUpperCase()) return { kind: 'capitals', tokens: 1.1 * tokens };
  return { kind: isCommon === undefined ? 'split' : isCommon ? 'common' : 'rare', tokens };
}

function isLatin(code: number): boolean {
  return code < 0x250 || (code >= 0x1e00 && code < 0x1f00);
}

/** What is made of letters rather than of words (base64) has no longer tokens in o200k either. */
function tokensOfLatin(parts: number, length: number): number {
  return length < parts * 2.2 ? parts : 0.02 + 0.88 * parts;
}

/** Measured on what o200k makes of words that are covered with so many known ones. */
function tokensOfForeign(parts: number, first: number): number {
  if (isHan(first)) return 0.25 + 0.9 * parts;
  if (parts === 1) return 1.04;
  if (isKana(first)) return 0.2 + 0.9 * parts;
  if (isHangul(first)) return 0.2 + 0.8 * parts;
  if (isFromHebrewToArabic(first)) return 0.2 + 0.76 * parts;
  if (isFromDevanagariToKhmer(first)) return 0.6 + 0.5 * parts;
  return 0.05 + 0.88 * parts;
}

const isHan = (code: number): boolean => code >= 0x4e00 && code < 0xa000;
const isKana = (code: number): boolean => code >= 0x3040 && code < 0x3100;
const isHangul = (code: number): boolean => code >= 0xac00 && code < 0xd7b0;
const isFromHebrewToArabic = (code: number): boolean => code >= 0x0590 && code < 0x0900;
const isFromDevanagariToKhmer = (code: number): boolean => code >= 0x0900 && code < 0x1800;
