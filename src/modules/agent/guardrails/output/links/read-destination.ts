import type { Lookahead } from '../lookahead.js';
import { skipBlanks } from './read-blanks.js';

/** What stands in the parentheses of a link. */
export interface Destination {
  readonly reference: string;
  /** Behind the closing parenthesis; where there is none, behind the reference. */
  readonly end: number;
  /** It goes on beyond what is read. */
  readonly isLong: boolean;
}

export const MAX_REFERENCE = 2_048;
const MAX_TITLE = 512;
/** Markdown's own limit for parentheses in an address. */
const MAX_DEPTH = 32;
const SPACE = /\s/;
const CLOSERS: Readonly<Record<string, string>> = { '"': '"', "'": "'", '(': ')' };

/** Reads `(reference "title")`, `(<reference>)` and what careless renderers take for one, from the parenthesis on. */
export function readDestination(look: Lookahead, open: number): Destination {
  const start = skipBlanks(look, open + 1);
  // Tabs and line breaks within an address are nothing to a browser.
  const { reference, end, isLong } = readReference(look, start, /[^\S\t\n\r]/);
  if (isLong) return { reference, end, isLong };
  const closed = readClosing(look, end);
  return { reference, end: closed ?? end, isLong };
}

/** A reference in angle brackets or quotes, or up to a space or a parenthesis that was not opened in it. */
export function readReference(look: Lookahead, start: number, space: RegExp = SPACE): Destination {
  const first = look.at(start);
  const closer = first === '<' ? '>' : first === '"' || first === "'" ? first : '';
  let depth = 0;
  for (let at = closer === '' ? start : start + 1; ; at += 1) {
    const character = look.at(at);
    const from = closer === '' ? start : start + 1;
    if (at - from >= MAX_REFERENCE) return { reference: look.slice(from, at), end: at, isLong: true };
    if (character === '') return { reference: look.slice(from, at), end: at, isLong: false };
    if (closer !== '') {
      if (character === closer) return { reference: look.slice(from, at), end: at + 1, isLong: false };
      if (character === '\n' && look.at(at + 1) === '\n')
        return { reference: look.slice(from, at), end: at, isLong: false };
    } else if (space.test(character) || (character === ')' && depth === 0) || depth > MAX_DEPTH) {
      return { reference: look.slice(from, at), end: at, isLong: false };
    }
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === '\\' && closer === '' && /[()\\]/.test(look.at(at + 1))) at += 1;
  }
}

/** Behind the parenthesis that closes; a title may stand before it. */
function readClosing(look: Lookahead, from: number): number | undefined {
  let at = skipBlanks(look, from);
  const closer = CLOSERS[look.at(at)];
  if (closer !== undefined && at > from) {
    const start = at + 1;
    for (at = start; at - start < MAX_TITLE && look.at(at) !== closer; at += 1)
      if (look.at(at) === '') return undefined;
    if (look.at(at) !== closer) return undefined;
    at = skipBlanks(look, at + 1);
  }
  return look.at(at) === ')' ? at + 1 : undefined;
}
