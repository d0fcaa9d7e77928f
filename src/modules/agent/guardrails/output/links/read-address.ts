import type { Lookahead } from '../lookahead.js';
import { readLogical } from './read-logical.js';
import { MAX_REFERENCE } from './read-destination.js';

/** An address that stands in a text by itself. */
export interface Address {
  readonly end: number;
  /** It goes on beyond what is read. */
  readonly isLong: boolean;
  readonly reference: string;
  /** How far other readers take the host to go, if they differ. */
  readonly wider: string | undefined;
}

const SCHEMES = ['https', 'http', 'ftp', 'wss', 'ws'];
const AUTHORITY_END = /[/?#\\]/;
const ENDS = /[\s<>"`]/;
/** Ends a reference in running text, but not a host: some of these are dots there. */
const CJK_ENDS = /[\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u2026\u201c\u201d]/;
const TRAILING = /[.,;:!?*_~'")\]}>]+$/;

/** Reads `http://…` and the like, however the scheme is disguised; `undefined`: there is none here. */
export function readKnownAddress(look: Lookahead): Address | undefined {
  const first = readLogical(look, 0).value.toLowerCase();
  if (first === 'w') {
    const address = readWww(look);
    if (address || look.isStarved) return address;
  }
  for (const scheme of SCHEMES) {
    if (scheme[0] !== first) continue;
    const colon = readWord(look, scheme);
    if (look.isStarved) return undefined;
    if (colon === undefined) continue;
    const body = readSlashes(look, colon, 1);
    return body === undefined || look.isStarved ? undefined : readBody(look, scheme, body);
  }
  return undefined;
}

/** Reads `://…` behind a scheme that has been said already. */
export function readAddressBehind(look: Lookahead, scheme: string): Address | undefined {
  const body = readSlashes(look, 0, 2);
  return body === undefined || look.isStarved ? undefined : readBody(look, scheme, body);
}

function readWww(look: Lookahead): Address | undefined {
  const dot = readWord(look, 'www');
  if (dot === undefined || readLogical(look, dot).value !== '.') return undefined;
  const { next } = readLogical(look, dot);
  if (!/[\p{L}\p{N}]/u.test(readLogical(look, next).value)) return undefined;
  return readBody(look, 'http', 0);
}

function readWord(look: Lookahead, word: string): number | undefined {
  let at = 0;
  for (const letter of word) {
    const { value, next } = readLogical(look, at);
    if (value.toLowerCase() !== letter) return undefined;
    at = next;
  }
  return at;
}

/** Behind the colon and at least so many slashes, leaning either way. */
function readSlashes(look: Lookahead, from: number, min: number): number | undefined {
  const colon = readLogical(look, from);
  if (colon.value !== ':') return undefined;
  let at = colon.next;
  for (let count = 0; count < 8; count += 1) {
    const raw = look.at(at);
    const { value, next } = raw === '\\' ? { value: raw, next: at + 1 } : readLogical(look, at);
    if (!/^[/\\\u2044\u2215]$/.test(value)) return count >= min ? at : undefined;
    at = next;
  }
  return at;
}

function readBody(look: Lookahead, scheme: string, body: number): Address | undefined {
  let authorityEnd = -1;
  let depth = 0;
  let at = body;
  for (; at - body < MAX_REFERENCE; at += 1) {
    const character = look.at(at);
    if (character === '' || ENDS.test(character)) break;
    if (authorityEnd < 0 && AUTHORITY_END.test(character)) authorityEnd = at;
    if (authorityEnd >= 0 && CJK_ENDS.test(character)) break;
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') {
      if (depth === 0 && (authorityEnd >= 0 || isBracketEnd(look, at))) break;
      depth = Math.max(0, depth - 1);
    }
  }
  const isLong = at - body >= MAX_REFERENCE;
  const read = look.slice(body, at);
  const kept = isLong ? read : read.replace(TRAILING, '');
  if (kept === '') return undefined;
  // An unfinished host may still turn out to be a password before another one.
  const isOpen = isLong && authorityEnd < 0;
  const end = body + kept.length;
  const wider = isOpen ? `${scheme}://` : widerReading(look, scheme, body, end);
  return { end, isLong, reference: `${scheme}://${kept}`, wider };
}

/** In `[https://a](https://b)` the first address ends at the bracket, for every reader. */
function isBracketEnd(look: Lookahead, at: number): boolean {
  return look.at(at) === ')' || look.at(at + 1) === '(' || look.at(at + 1) === '[' || look.at(at + 1) === ':';
}

const MAX_AUTHORITY = 300;

/** Some readers let a host go on over quotes and brackets: up to a slash, a space or `<`. */
function widerReading(look: Lookahead, scheme: string, body: number, end: number): string | undefined {
  let at = body;
  while (at - body < MAX_AUTHORITY) {
    const character = look.at(at);
    // With one of the last four it is no host to anybody: who reads one ends it there.
    if (character === '' || /[\s</?#\\[\]^|]/.test(character)) break;
    at += 1;
  }
  const authority = look.slice(body, at).replace(TRAILING, '');
  // Where the whole is no host to anybody, what stands before a colon may be one.
  for (const host of [authority, authority.split(/[:：]/, 1)[0]!.replace(TRAILING, '')]) {
    const wider = `${scheme}://${host}/`;
    if (host.length > end - body && URL.canParse(wider)) return wider;
  }
  return undefined;
}
