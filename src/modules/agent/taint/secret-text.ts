import { randomInt } from 'node:crypto';

/** As long as a piece has to be before it counts as carried out: shorter ones are words that anybody uses. */
const LEAST_SECRET = 24;
const BITS_PER_PIECE = 16;
/** Not to be guessed: nobody shall write text whose pieces look alike to the index. */
const BASE = (randomInt(2 ** 31) * 2 + 1) | 0;
const BASE_TO_LENGTH = Array.from({ length: LEAST_SECRET }).reduce<number>((x) => Math.imul(x, BASE), 1);

/** What must not leave. Looked through once, when it is first asked for after something was added. */
export class SecretText {
  private readonly texts: string[] = [];
  private read = 0;
  private index: PieceIndex | undefined;

  add(text: string): void {
    this.texts.push(text);
    this.index = undefined;
  }

  /** Whether one of these texts shares so many characters in a row with it; space and case do not count. */
  isTouchedBy(texts: readonly string[]): boolean {
    const condensedTexts = texts.map(condensed).filter(({ length }) => length >= LEAST_SECRET);
    if (condensedTexts.length === 0 || this.texts.length === 0) return false;
    for (; this.read < this.texts.length; this.read += 1)
      this.texts[this.read] = condensed(this.texts[this.read]!);
    this.index ??= new PieceIndex(this.texts.join('\u0000'));
    const { index } = this;
    return condensedTexts.some((text) => index.sharesPieceWith(text));
  }
}

/** The pieces of a text as bits, two for each: whether a piece may be there takes no search through the text. */
class PieceIndex {
  private readonly bits: Uint32Array;
  private readonly mask: number;

  constructor(private readonly text: string) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(32, text.length * BITS_PER_PIECE)));
    this.bits = new Uint32Array(size / 32);
    this.mask = size - 1;
    forEachPiece(text, (hash) => {
      this.mark(first(hash));
      this.mark(second(hash));
      return false;
    });
  }

  sharesPieceWith(text: string): boolean {
    return forEachPiece(
      text,
      (hash, at) =>
        this.isMarked(first(hash)) &&
        this.isMarked(second(hash)) &&
        this.text.includes(text.slice(at, at + LEAST_SECRET)),
    );
  }

  private mark(bit: number): void {
    const at = (bit & this.mask) >>> 0;
    this.bits[at >>> 5]! |= 1 << (at & 31);
  }

  private isMarked(bit: number): boolean {
    const at = (bit & this.mask) >>> 0;
    return (this.bits[at >>> 5]! & (1 << (at & 31))) !== 0;
  }
}

/** Calls with a rolling hash of each piece until one is taken; whether one was. */
function forEachPiece(text: string, take: (hash: number, at: number) => boolean): boolean {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) | 0;
    if (at >= LEAST_SECRET) hash = (hash - Math.imul(text.charCodeAt(at - LEAST_SECRET), BASE_TO_LENGTH)) | 0;
    if (at >= LEAST_SECRET - 1 && take(hash, at - LEAST_SECRET + 1)) return true;
  }
  return false;
}

function first(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash >>> 13);
}

function second(hash: number): number {
  return Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) ^ (hash >>> 11);
}

function condensed(text: string): string {
  return text.toLowerCase().replace(/\s+/g, '');
}
