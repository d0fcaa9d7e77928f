import { reversed, rot13, unleet, unspace } from './ciphered-text.js';
import {
  decodeBase64,
  decodeBinary,
  decodeEntities,
  decodeEscapes,
  decodeHex,
  decodePercent,
} from './encoded-text.js';
import { foldText, toComparable } from './folded-text.js';
import { languageShare } from './language.js';

/** Longer texts are read at their beginning and their end. */
export const MAX_TEXT_LENGTH = 200_000;
/** What decoding may add to the work, in characters over all views. */
const MAX_DECODED_LENGTH = 50_000;
const MIN_HIDDEN_LETTERS = 6;
const LANGUAGE = 0.22;
const NO_LANGUAGE = 0.12;
/** As much of a text as tells its language. */
const SAMPLE = 2_000;

export type ViewName =
  | 'plain'
  | 'disguised'
  | 'tags'
  | 'entities'
  | 'percent'
  | 'escapes'
  | 'base64'
  | 'hex'
  | 'binary'
  | 'comment'
  | 'rot13'
  | 'reversed'
  | 'leet'
  | 'spaced';

/** One way to read a text. */
export interface View {
  readonly name: ViewName;
  /** Folded, with its case and its line breaks. */
  readonly text: string;
}

const TURNS = [
  { name: 'rot13', turn: rot13, isNamed: /rot ?-?13|caesar|cipher|cifra|chiffr/i },
  {
    name: 'reversed',
    turn: reversed,
    isNamed: /revers|backward|r[uü]ckw[aä]rts|al rev[eé]s|envers|contrari|right.to.left/i,
  },
] as const;

/** All readings of a text that its writer may have meant for somebody: the first is the text as it is seen. Takes time in proportion to its length. */
export function viewsOf(raw: string): View[] {
  const { text, disguise } = foldText(shorten(raw));
  const isDisguised = disguise.splits >= 4 || disguise.mixedWords >= 3 || disguise.styledLetters >= 20;
  const views: View[] = [{ name: isDisguised ? 'disguised' : 'plain', text }];
  let left = MAX_DECODED_LENGTH;
  const add = (name: ViewName, decoded: string): void => {
    if (decoded.length < MIN_HIDDEN_LETTERS || left <= 0) return;
    const folded = foldText(decoded.slice(0, left)).text;
    left -= folded.length;
    views.push({ name, text: folded });
  };

  if (disguise.tagText) add('tags', disguise.tagText);
  if (text.includes('&')) {
    const entities = decodeEntities(text);
    if (entities.letters >= MIN_HIDDEN_LETTERS) add('entities', entities.text);
  }
  if (text.includes('%')) {
    const percent = decodePercent(text);
    if (percent.letters >= MIN_HIDDEN_LETTERS) add('percent', percent.text);
  }
  if (text.includes('\\')) {
    const escapes = decodeEscapes(text);
    if (escapes.letters >= MIN_HIDDEN_LETTERS) add('escapes', escapes.text);
  }
  for (const decoded of decodeBase64(text)) add('base64', decoded);
  for (const decoded of decodeHex(text)) add('hex', decoded);
  for (const decoded of decodeBinary(text)) add('binary', decoded);
  add('comment', commentsIn(text));
  for (const { name, text: deciphered } of decipher(text)) add(name, deciphered);
  return views;
}

function* decipher(text: string): Generator<View> {
  const unspaced = unspace(text);
  if (unspaced !== undefined) yield { name: 'spaced', text: unspaced };
  const plain = unspaced ?? text;
  const share = languageShare(toComparable(plain.slice(0, SAMPLE)));
  const unleeted = unleet(plain);
  if (unleeted !== undefined) {
    const shareOfUnleeted = languageShare(toComparable(unleeted.slice(0, SAMPLE)));
    if (shareOfUnleeted > share + 0.05 || share < NO_LANGUAGE) yield { name: 'leet', text: unleeted };
  }
  for (const { name, isNamed, turn } of TURNS) {
    const named = isNamed.test(plain);
    if (!named && share >= NO_LANGUAGE) continue;
    for (const part of named ? [plain, afterColon(plain)] : [plain]) {
      const sample = part.slice(0, SAMPLE);
      const shareOfTurned = languageShare(toComparable(turn(sample)));
      if (shareOfTurned < LANGUAGE || shareOfTurned <= languageShare(toComparable(sample))) continue;
      yield { name, text: turn(part) };
      break;
    }
  }
}

/** Where somebody says what to do with a text, the text comes after a colon. */
function afterColon(text: string): string {
  return text.slice(text.indexOf(':') + 1);
}

/** What stands in comments of HTML, also in one that is not closed. */
function commentsIn(text: string): string {
  const comments: string[] = [];
  for (let start = text.indexOf('<!--'); start !== -1;) {
    const end = text.indexOf('-->', start + 4);
    comments.push(text.slice(start + 4, end === -1 ? undefined : end).trim());
    start = end === -1 ? -1 : text.indexOf('<!--', end);
  }
  return comments.join('\n');
}

function shorten(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  const half = MAX_TEXT_LENGTH / 2;
  return `${text.slice(0, half)}\n${text.slice(-half)}`;
}
