import type { Lookahead } from '../lookahead.js';
import { hasManyBlanks, skipBlanks } from './read-blanks.js';
import { MAX_REFERENCE } from './read-destination.js';

/** An attribute that may lead somewhere. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
  readonly end: number;
  /** The closing quote has not come within what is read; '' for a value without quotes. */
  readonly openQuote: string | undefined;
}

/** One whose value is behind more blanks than are read at once. */
export interface FarAttribute {
  readonly blanksFrom: number;
}

/** One reference each. */
const REFERENCES = new Set(
  (
    'src href xlink:href poster action formaction background data cite longdesc manifest codebase classid icon lowsrc ' +
    'dynsrc profile to from by'
  ).split(' '),
);
/** Several references, or code that may have them. */
const COMPOUNDS = new Set('srcset imagesrcset style content srcdoc ping archive values'.split(' '));
const NAME = /[A-Za-z:]/;
const SPACE = /\s/;
const MAX_NAME = 24;

export function isReference(name: string): boolean {
  return REFERENCES.has(name);
}

/** `undefined`: none begins here, or none that leads anywhere. */
export function readAttribute(look: Lookahead): Attribute | FarAttribute | undefined {
  const nameEnd = look.skip(0, NAME, MAX_NAME);
  if (nameEnd === 0) return undefined;
  const name = look.slice(0, nameEnd).toLowerCase();
  if (!REFERENCES.has(name) && !COMPOUNDS.has(name) && !name.startsWith('on')) return undefined;
  if (hasManyBlanks(look, nameEnd)) return { blanksFrom: nameEnd };
  const equals = skipBlanks(look, nameEnd);
  if (look.at(equals) !== '=') return undefined;
  if (hasManyBlanks(look, equals + 1)) return { blanksFrom: equals + 1 };
  const start = skipBlanks(look, equals + 1);
  const quote = look.at(start);
  const isQuoted = quote === '"' || quote === "'";
  const from = isQuoted ? start + 1 : start;
  for (let at = from; ; at += 1) {
    const character = look.at(at);
    if (character === '' || at - from >= MAX_REFERENCE) {
      return { name, value: look.slice(from, at), end: at, openQuote: isQuoted ? quote : '' };
    }
    if (isQuoted ? character === quote : SPACE.test(character) || character === '>') {
      return { name, value: look.slice(from, at), end: isQuoted ? at + 1 : at, openQuote: undefined };
    }
  }
}
