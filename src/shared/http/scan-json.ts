import { AppError } from '../errors/app-error.js';

const MAX_DEPTH = 32;
const MAX_KEYS = 10_000;

/** An object that is open at the place of the scan. */
interface OpenObject {
  readonly keys: Set<string>;
  /** The last one that was read: what is nested in here is its value. */
  key: string;
}

/**
 * Looks over a JSON text before it is parsed, in one pass and without recursion: nesting, number of keys, keys that stand
 * twice in one object, keys that reach a prototype once somebody copies members without care (`__proto__`, and `prototype`
 * in `constructor`). It does not decide whether the text is JSON; `JSON.parse` does. Throws `malformed_json`.
 */
export function scanJson(text: string): void {
  // An array has no keys of its own.
  const open: (OpenObject | undefined)[] = [];
  let keyCount = 0;
  let isKeyExpected = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        if (open.push({ keys: new Set(), key: '' }) > MAX_DEPTH) throw tooDeep();
        isKeyExpected = true;
        break;
      case 0x5b: // [
        if (open.push(undefined) > MAX_DEPTH) throw tooDeep();
        isKeyExpected = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        isKeyExpected = false;
        break;
      case 0x2c: // ,
        isKeyExpected = open.at(-1) !== undefined;
        break;
      case 0x22: {
        // "
        const end = endOfString(text, at);
        const object = open.at(-1);
        if (isKeyExpected && object) {
          const key = decode(text.slice(at, end + 1));
          if ((keyCount += 1) > MAX_KEYS) throw malformed(`has more than ${MAX_KEYS} keys`);
          if (object.keys.has(key)) throw malformed('has a key twice in one object');
          if (key === '__proto__' || (key === 'prototype' && open.at(-2)?.key === 'constructor'))
            throw malformed('has a key that is not allowed');
          object.keys.add(key);
          object.key = key;
          isKeyExpected = false;
        }
        at = end;
        break;
      }
    }
  }
}

/** The closing quote, or the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at += 1;
  }
  return text.length;
}

function decode(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

function tooDeep(): AppError {
  return malformed(`is nested deeper than ${MAX_DEPTH}`);
}

export function malformed(what: string): AppError {
  return new AppError('malformed', 'malformed_json', { detail: `The body ${what}.` });
}
