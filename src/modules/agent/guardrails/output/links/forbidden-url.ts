import { decodeHTML } from 'entities';

export type IsAllowed = (url: URL) => boolean;

/** Schemes that run something, or open a program with data of the sender's. */
const DANGEROUS =
  /^(javascript|data|vbscript|file|blob|filesystem|view-source|intent|search|search-ms|ms-[a-z-]+|livescript|jar|feed)$/;
const NETWORK = /^(https?|ftp|wss?)$/;
/** With something behind it: `data:` alone is a word. */
const SCHEME = /^[a-z][a-z0-9+.-]*:./i;
/** A host that nobody can have: what resolves to it is relative to wherever the answer is shown. */
const NOWHERE = 'perch.invalid';
const INVISIBLE = /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu;
const ESCAPED = /\\([!-/:-@[-`{-~])/g;

/**
 * Whether a reference (of a link, an image, an attribute) leads out to where it must not. It is read as a browser would
 * read it, in each of the ways in which what renders an answer may hand it to a browser.
 */
export function isForbidden(reference: string, isAllowed: IsAllowed): boolean {
  return readings(reference).some((reading) => leadsOut(reading, isAllowed));
}

/** Whether a value that holds several references, or code, has one that is forbidden. */
export function holdsForbidden(value: string, isAllowed: IsAllowed): boolean {
  const decoded = decodeHTML(value);
  return decoded
    .split(/[\s,;'"()=<>`]+/)
    .some((token) => /^[a-z][a-z0-9+.-]*:|[\\/]{2}/i.test(token) && isForbidden(token, isAllowed));
}

function readings(reference: string): readonly string[] {
  const decoded = decodeHTML(reference);
  const unescaped = decoded.replace(ESCAPED, '$1');
  return [...new Set([reference, decoded, unescaped, visible(decoded), visible(unescaped)])];
}

function visible(text: string): string {
  return text.normalize('NFKC').replace(INVISIBLE, '');
}

function leadsOut(reading: string, isAllowed: IsAllowed): boolean {
  const text = reading.trim();
  const absolute = URL.parse(text);
  if (!absolute) {
    const relative = URL.parse(text, `https://${NOWHERE}/a/b`);
    if (relative) return relative.host !== NOWHERE && !mayBeReached(relative, isAllowed);
    return SCHEME.test(text) || /[\\/]{2}/.test(text);
  }
  const scheme = absolute.protocol.slice(0, -1);
  if (NETWORK.test(scheme)) return !mayBeReached(absolute, isAllowed);
  if (DANGEROUS.test(scheme)) return SCHEME.test(text);
  // A letter to anybody is a click away; one that is written already is not.
  if (scheme === 'mailto') return absolute.search !== '';
  return /^[^:]*:[\\/]{2}/.test(text);
}

function mayBeReached(url: URL, isAllowed: IsAllowed): boolean {
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return false;
  return isAllowed(url);
}
