const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '€': 'e',
};
const LEET_SIGN = /[0134578@$!|€]/g;
/** Part of a word with a digit between its letters, or at its edge. */
const LEET_PART = /[A-Za-z][0134578@$!|][A-Za-z]|[A-Za-z]{2}[013457][A-Za-z013457]/;
const CHUNK = /\S{3,}/g;
const GAPS = /( {1,8})/;
const SINGLES = /(?<!\S)(?:\S {1,8}){7}\S(?!\S)/;
const DOTTED = /(?<![\p{L}\p{N}])\p{L}[.\-_*·|/]\p{L}[.\-_*·|/]\p{L}/gu;
const DOT_IN_WORD = /(?<=\p{L})[.\-_*·|/](?=\p{L})/gu;
/** So many signs in a row that stand alone are a spaced-out text. */
const MIN_SINGLES = 8;

export function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    const base = code < 97 ? 65 : 97;
    return String.fromCharCode(((code - base + 13) % 26) + base);
  });
}

export function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}

/** Reads digits as the letters they look like; `undefined` when hardly a word is written so. */
export function unleet(text: string): string | undefined {
  let words = 0;
  for (const [chunk] of text.matchAll(CHUNK)) {
    if (LEET_PART.test(chunk)) words += 1;
  }
  if (words < 3) return undefined;
  return text.replace(LEET_SIGN, (sign) => LEET[sign] ?? sign);
}

/** Puts letters together that stand apart, by spaces or by dots; `undefined` when there are none. Where gaps differ, the wider one parts words. */
export function unspace(text: string): string | undefined {
  let dotted = 0;
  for (const _word of text.matchAll(DOTTED)) dotted += 1;
  if (dotted >= 3) return text.replace(DOT_IN_WORD, '');
  return SINGLES.test(text) ? joinSingles(text.split(GAPS)) : undefined;
}

/** `pieces`: signs and gaps by turns. */
function joinSingles(pieces: readonly string[]): string | undefined {
  const out: string[] = [];
  let joined = 0;
  let at = 0;
  while (at < pieces.length) {
    let end = at;
    let hasWideGap = false;
    while (end < pieces.length && isSingle(pieces[end]!)) {
      if ((pieces[end + 1]?.length ?? 0) > 1) hasWideGap = true;
      end += 2;
    }
    const singles = (end - at) / 2;
    if (singles < MIN_SINGLES) {
      const next = Math.max(end, at + 2);
      for (; at < next; at += 1) out.push(pieces[at] ?? '');
      continue;
    }
    joined += singles;
    for (; at < end; at += 2) {
      const gap = pieces[at + 1] ?? '';
      out.push(pieces[at]!, hasWideGap ? (gap.length > 1 ? ' ' : '') : '');
    }
    out.push(' ');
  }
  return joined === 0 ? undefined : out.join('');
}

function isSingle(piece: string): boolean {
  return piece.length === 1 || (piece.length === 2 && piece.codePointAt(0)! > 0xffff);
}
