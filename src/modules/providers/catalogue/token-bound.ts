import { LRUCache } from 'lru-cache';

/*
 * How many tokens a text may have at most, for what has to be set aside before a call. An estimate is right on average and
 * much too low for what is dense (base64, identifiers, punctuation), which is what somebody would send who wants to pass
 * a cap. A real tokenizer is no way out: it takes 100 MB and, for 100 kB of one letter, many seconds.
 *
 * So the text is cut as tokenizers cut it before they merge, and each piece counts what such pieces take at most in usual
 * vocabularies. `token-bound.spec.ts` compares it with o200k: never below for prose in ten scripts, code, JSON, base64,
 * identifiers and punctuation, and at most 1.6 times as much for English, code and JSON. Lower-case letters that make no
 * words in any language may take twice as many tokens; what a call used is charged in any case.
 */

const PIECES = /[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,3}|[\u0080-\uffff]+|\s+|[^\s]/g;
const MARGIN = 1.12;

/** System prompts and tools are the same for many calls. Shorter texts are counted faster than looked up. */
const KNOWN_FROM = 200;
const known = new LRUCache<string, number>({ max: 200 });

export function boundTokens(text: string): number {
  if (text.length < KNOWN_FROM) return count(text);
  let tokens = known.get(text);
  if (tokens === undefined) known.set(text, (tokens = count(text)));
  return tokens;
}

function count(text: string): number {
  let tokens = 0;
  let isAfterSpace = false;
  for (const [piece] of text.matchAll(PIECES)) {
    const code = piece.charCodeAt(0);
    tokens += tokensOf(piece, code, isAfterSpace);
    isAfterSpace = code === 0x20;
  }
  return Math.ceil(tokens * MARGIN);
}

function tokensOf(piece: string, code: number, isAfterSpace: boolean): number {
  const { length } = piece;
  if (code > 0x7f) return Buffer.byteLength(piece) * 0.45;
  // Digits do not take the space before them along, as words do.
  if (code >= 0x30 && code <= 0x39) return isAfterSpace ? 2 : 1;
  if (isLower(code) || (length > 1 && isLower(piece.charCodeAt(1))))
    return 1.1 + Math.max(0, length - 7) * 0.3;
  if (code >= 0x41 && code <= 0x5a) return Math.max(1, length * 0.65);
  if (code <= 0x20) return length > 1 ? 1 + 0.1 * length : code === 0x20 ? 0 : 0.6;
  return 0.75;
}

function isLower(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}
