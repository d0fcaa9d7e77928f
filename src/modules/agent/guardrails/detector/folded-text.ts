import { foldConfusables } from './confusables.js';

/** Characters that show nothing: format characters (zero-width, bidi, soft hyphen, tags), fillers and variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}|[\u115f\u1160\u3164\uffa0]|\u17b4|\u17b5|\u034f/gu;
const ASCII_ONLY = /^\p{ASCII}*$/u;
const TAG_CHARACTERS = /[\u{e0020}-\u{e007e}]+/gu;
const TAG_OFFSET = 0xe0000;
/** An invisible character between two Latin or Cyrillic letters. Joiners of Arabic and Indic scripts have work to do and do not count. */
const SPLIT_LETTERS =
  /(?<=[\p{sc=Latn}\p{sc=Cyrl}\s])[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+(?=[\p{sc=Latn}\p{sc=Cyrl}\s])/gu;
const STYLED_LETTERS =
  /[\u{1d400}-\u{1d7ff}\uff21-\uff3a\uff41-\uff5a\u{24b6}-\u{24e9}\u{1f130}-\u{1f189}]/gu;
const DIACRITICS = /[\u0300-\u036f]/g;

/** What folding has found out about the way a text was written. */
export interface Disguise {
  /** Text in Unicode tag characters, which no screen shows. */
  readonly tagText: string;
  /** Invisible characters within words. */
  readonly splits: number;
  /** Words that mix Latin letters with letters that look like them. */
  readonly mixedWords: number;
  /** Letters of another style: mathematical bold, full width, circled. */
  readonly styledLetters: number;
}

export interface FoldedText {
  readonly text: string;
  readonly disguise: Disguise;
}

/** The text as a reader sees it: one form of each letter, and nothing that is invisible. */
export function foldText(raw: string): FoldedText {
  if (ASCII_ONLY.test(raw)) return { text: raw, disguise: NO_DISGUISE };
  const tagText = Array.from(raw.matchAll(TAG_CHARACTERS), ([run]) => fromTags(run)).join(' ');
  const splits = countMatches(raw, SPLIT_LETTERS);
  const styledLetters = countMatches(raw, STYLED_LETTERS);
  const visible = raw.replace(INVISIBLE, '').normalize('NFKC');
  const { text, mixedWords } = foldConfusables(visible);
  return { text, disguise: { tagText, splits, mixedWords, styledLetters } };
}

const NO_DISGUISE: Disguise = { tagText: '', splits: 0, mixedWords: 0, styledLetters: 0 };

/** For comparing: lower case, no accents, single spaces. */
export function toComparable(text: string): string {
  const lower = text.toLowerCase();
  const plain = ASCII_ONLY.test(lower)
    ? lower
    : lower.normalize('NFD').replace(DIACRITICS, '').normalize('NFC');
  return plain.replace(/\s+/g, ' ').trim();
}

function fromTags(run: string): string {
  return Array.from(run, (character) => String.fromCodePoint(character.codePointAt(0)! - TAG_OFFSET)).join(
    '',
  );
}

function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _match of text.matchAll(pattern)) count += 1;
  return count;
}
