const NAMED_ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  colon: ':',
  comma: ',',
  period: '.',
  excl: '!',
  quest: '?',
  lpar: '(',
  rpar: ')',
  Tab: ' ',
  NewLine: '\n',
};
const ENTITY = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]{2,8}));/g;
const PERCENT_RUN = /(?:%[\da-fA-F]{2})+/g;
const BASE64_RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const HEX_RUN = /(?:\\x|0x)?[\da-fA-F]{2}(?:[ :,]{0,2}(?:\\x|0x)?[\da-fA-F]{2}){11,}/g;
const BINARY_RUN = /[01]{8}(?: ?[01]{8}){5,}/g;
const UNICODE_ESCAPE = /\\u([\da-fA-F]{4})|\\u\{([\da-fA-F]{1,6})\}|\\x([\da-fA-F]{2})/g;
const LETTER = /\p{L}/u;
const UNPRINTABLE = /(?!\s)[\p{Cc}\ufffd]/gu;
/** How many runs of one kind are decoded. */
const MAX_RUNS = 64;

export interface Decoded {
  readonly text: string;
  /** How many letters were written in the code: someone who escapes `<` has none. */
  readonly letters: number;
}

export function decodeEntities(text: string): Decoded {
  let letters = 0;
  const decoded = text.replace(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
    const character = name ? NAMED_ENTITIES[name] : codePoint(decimal ? Number(decimal) : parseInt(hex!, 16));
    if (character === undefined) return whole;
    if (!name && LETTER.test(character)) letters += 1;
    return character;
  });
  return { text: decoded, letters };
}

export function decodePercent(text: string): Decoded {
  let letters = 0;
  const decoded = text.replace(PERCENT_RUN, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    const part = printable(bytes);
    if (part === undefined) return run;
    letters += countAsciiLetters(part);
    return part;
  });
  return { text: decoded, letters };
}

export function decodeEscapes(text: string): Decoded {
  let letters = 0;
  const decoded = text.replace(UNICODE_ESCAPE, (whole, four?: string, braced?: string, two?: string) => {
    const character = codePoint(parseInt((four ?? braced ?? two)!, 16));
    if (character === undefined) return whole;
    if (LETTER.test(character)) letters += 1;
    return character;
  });
  return { text: decoded, letters };
}

/** What is written in base64, when it is text. */
export function decodeBase64(text: string): string[] {
  return runs(text, BASE64_RUN, (run) => {
    const isLikely = run.length >= 24 ? true : /[A-Z]/.test(run) && /[a-z]/.test(run) && /[=\d]/.test(run);
    return isLikely ? printable(Buffer.from(run, 'base64')) : undefined;
  });
}

/** What is written as hexadecimal bytes, when it is text. */
export function decodeHex(text: string): string[] {
  return runs(text, HEX_RUN, (run) => printable(Buffer.from(run.replace(/\\x|0x|[ :,]/g, ''), 'hex')));
}

/** What is written as bits, eight to a letter. */
export function decodeBinary(text: string): string[] {
  return runs(text, BINARY_RUN, (run) => {
    const bits = run.replaceAll(' ', '');
    return printable(
      Buffer.from(
        Array.from({ length: bits.length / 8 }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8), 2)),
      ),
    );
  });
}

function runs(text: string, pattern: RegExp, decode: (run: string) => string | undefined): string[] {
  const found: string[] = [];
  let count = 0;
  for (const [run] of text.matchAll(pattern)) {
    const decoded = decode(run);
    if (decoded !== undefined) found.push(decoded);
    count += 1;
    if (count >= MAX_RUNS) break;
  }
  return found;
}

/** As UTF-8, when that is text of mostly letters. */
function printable(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  if (text.length === 0) return undefined;
  const bad = text.match(UNPRINTABLE)?.length ?? 0;
  if (bad > text.length * 0.02) return undefined;
  return text;
}

function codePoint(code: number): string | undefined {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

function countAsciiLetters(text: string): number {
  return text.match(/[A-Za-z]/g)?.length ?? 0;
}
