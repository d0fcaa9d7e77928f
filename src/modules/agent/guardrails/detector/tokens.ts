/** What a UTF-16 unit is to a tokenizer. */
const OTHER = 0;
const SPACED_LETTER = 1;
const UNSPACED_LETTER = 2;

/** Scripts whose words have spaces between them and mostly one beginning. */
const SPACED_SCRIPT = /[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}\p{sc=Armn}\p{sc=Geor}\p{Nd}'’_]/u;
const LETTER = /[\p{L}\p{M}\p{N}]/u;

/** Chinese characters and Korean syllables: most of the table, and known without a look. */
const IDEOGRAPHS_AND_SYLLABLES = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
] as const;
const SURROGATES_AND_PRIVATE_USE = [0xd800, 0xf8ff] as const;

const KINDS = tableOfKinds();

function tableOfKinds(): Uint8Array {
  const kinds = new Uint8Array(0x10000);
  for (const [first, last] of IDEOGRAPHS_AND_SYLLABLES) kinds.fill(UNSPACED_LETTER, first, last + 1);
  const [first, last] = SURROGATES_AND_PRIVATE_USE;
  for (let code = 0; code < kinds.length; code += 1) {
    if (kinds[code] !== OTHER || (code >= first && code <= last)) continue;
    const character = String.fromCharCode(code);
    if (SPACED_SCRIPT.test(character)) kinds[code] = SPACED_LETTER;
    else if (LETTER.test(character)) kinds[code] = UNSPACED_LETTER;
  }
  return kinds;
}

/** The words of a text: where each begins and ends, and a hash of it. */
export interface Tokens {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
  /** 1: of a script without spaces. */
  readonly unspaced: Uint8Array;
}

/** `text` is comparable (see `toComparable`). A run of letters without spaces in other scripts is one token. */
export function tokenize(text: string): Tokens {
  const most = (text.length >> 1) + 1;
  const starts = new Int32Array(most);
  const ends = new Int32Array(most);
  const hashes = new Int32Array(most);
  const unspaced = new Uint8Array(most);
  let count = 0;
  let at = 0;
  while (at < text.length) {
    const kind = KINDS[text.charCodeAt(at)]!;
    if (kind === OTHER) {
      at += 1;
      continue;
    }
    const start = at;
    let hash = 0x811c9dc5;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (KINDS[code] !== kind) break;
      // All digits are the same: which number it is says nothing.
      hash = Math.imul(hash ^ (code >= 48 && code <= 57 ? 48 : code), 0x01000193);
    }
    if (count >= most) break;
    starts[count] = start;
    ends[count] = at;
    hashes[count] = hash;
    unspaced[count] = kind === UNSPACED_LETTER ? 1 : 0;
    count += 1;
  }
  return { count, starts, ends, hashes, unspaced };
}
