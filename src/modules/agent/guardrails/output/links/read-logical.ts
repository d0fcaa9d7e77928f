import { decodeHTML } from 'entities';
import type { Lookahead } from '../lookahead.js';

/** A character as a reader of Markdown or HTML understands it, and where the next one begins. */
export interface LogicalCharacter {
  readonly value: string;
  readonly next: number;
}

const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const ENTITY = /[#A-Za-z0-9]/;
const MAX_ENTITY = 12;
const MAX_INVISIBLE = 32;

/** Sees through entities, backslash escapes, full-width forms, and characters that nobody sees. */
export function readLogical(look: Lookahead, offset: number): LogicalCharacter {
  let from = offset;
  let character = look.at(from);
  while (character > '\x7f' && INVISIBLE.test(character) && from - offset < MAX_INVISIBLE) {
    from += 1;
    character = look.at(from);
  }
  if (character === '\\' && PUNCTUATION.test(look.at(from + 1))) {
    return { value: look.at(from + 1), next: from + 2 };
  }
  if (character === '&') {
    const end = look.skip(from + 1, ENTITY, from + 1 + MAX_ENTITY);
    const length = look.at(end) === ';' ? end + 1 : end;
    const decoded = decodeHTML(look.slice(from, length));
    if (decoded.length === 1 && decoded !== '&') return { value: decoded, next: length };
  }
  return { value: character > '\x7f' ? character.normalize('NFKC') : character, next: from + 1 };
}
