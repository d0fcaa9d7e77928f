const ASCII = new Int8Array(128).fill(-1);
for (let code = 0; code < 10; code += 1) ASCII[48 + code] = 26 + code;
for (let code = 0; code < 26; code += 1) {
  ASCII[65 + code] = code;
  ASCII[97 + code] = code;
}

const FULL_WIDTH = 0xff01;
const FULL_WIDTH_END = 0xff5e;

/** a–z and 0–9 as 0–35, whatever their case or width; -1 for all else. */
export function symbolOf(code: number): number {
  if (code < 128) return ASCII[code]!;
  // Full-width forms lie as far apart as the ASCII characters that they stand for.
  if (code >= FULL_WIDTH && code <= FULL_WIDTH_END) return ASCII[code - FULL_WIDTH + 33]!;
  return -1;
}

const LETTER = /[\p{L}\p{N}]/u;

/** Whether a UTF-16 code unit is a part of a word. */
export function isWordCode(code: number): boolean {
  return code < 128 ? ASCII[code]! >= 0 : LETTER.test(String.fromCharCode(code));
}
