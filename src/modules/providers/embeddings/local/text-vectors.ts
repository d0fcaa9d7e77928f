/*
 * What a text is about, from its words alone: the words' vectors (GloVe, by their rarity) beside the letters that they are
 * made of (hashed), so that forms of a word, names, typing errors and other languages than English meet as well.
 *
 * Runs in a worker: no import but of Node, and nothing that is not JavaScript once its types are removed.
 */

const LETTERS = 156;
/** Beside the words' part, which has the length 1. */
const LETTERS_SHARE = 0.5;
/** Of letters beside the word that they are in. */
const PIECES_SHARE = 0.5;
/** Smooth inverse frequency (Arora, Liang, Ma 2017), with Zipf's law for how frequent a word is. */
const RARITY = 1e-3;
const ZIPF_OFFSET = 2.7;
const ZIPF_SCALE = Math.log(400_000);

const WORD = /[\p{L}\p{N}]+/gu;
/** Written without spaces: their words cannot be told apart, their pairs of letters can. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const STOP_WORDS = new Set(
  (
    'i me my we our you your he him his she her it its they them their what which who whom this that these those am is are ' +
    'was were be been being have has had do does did doing an the and but if or because as until while of at by for with ' +
    'about into through to from up down in out on off over under again then once here there when where why how all any ' +
    'both each few more most other some such no nor not only own same so than too very can will just don should now would ' +
    'could did ll ve re'
  ).split(' '),
);

export interface TextVectors {
  readonly dimensions: number;
  /** Of length 1, or all zeros. */
  vectorOf(text: string): Float32Array;
}

/** `table`: as `scripts/recall/build-word-vectors.mjs` writes it. */
export function textVectors(table: Buffer): TextVectors {
  const [count, size, listBytes] = [table.readUInt32LE(0), table.readUInt32LE(4), table.readUInt32LE(8)];
  const words = table.toString('latin1', 12, 12 + listBytes).split('\n');
  const rows = new Map<string, number>(words.map((word, row) => [word, row]));
  const numbers = new Int8Array(table.buffer, table.byteOffset + 12 + listBytes, count * size);

  function addWord(sum: Float32Array, row: number, weight: number): void {
    let squares = 0;
    const from = row * size;
    for (let index = 0; index < size; index += 1) squares += numbers[from + index]! ** 2;
    const scale = weight / Math.sqrt(squares || 1);
    for (let index = 0; index < size; index += 1) sum[index]! += numbers[from + index]! * scale;
  }

  return {
    dimensions: size + LETTERS,
    vectorOf(text) {
      const meaning = new Float32Array(size);
      const letters = new Float32Array(LETTERS);
      for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
        if (STOP_WORDS.has(word) || (word.length < 2 && !UNSPACED.test(word))) continue;
        const row = rows.get(word);
        const weight = row === undefined ? 1 : rarityOf(row);
        if (row !== undefined) addWord(meaning, row, weight);
        addLetters(letters, word, weight);
      }
      return joined(meaning, letters);
    },
  };
}

function rarityOf(row: number): number {
  return RARITY / (RARITY + 1 / ((row + ZIPF_OFFSET) * ZIPF_SCALE));
}

function addLetters(sum: Float32Array, word: string, weight: number): void {
  if (UNSPACED.test(word)) {
    for (const piece of piecesOf(word, [1, 2])) addHashed(sum, piece, weight);
    return;
  }
  addHashed(sum, word, weight);
  const pieces = piecesOf(`<${word}>`, [3, 4]);
  const share = (PIECES_SHARE * weight) / Math.sqrt(pieces.length || 1);
  for (const piece of pieces) addHashed(sum, `#${piece}`, share);
}

function piecesOf(text: string, lengths: readonly number[]): string[] {
  return lengths.flatMap((length) =>
    Array.from({ length: Math.max(0, text.length - length + 1) }, (_, at) => text.slice(at, at + length)),
  );
}

/** Adds `weight` to each number, or takes it away, as the bits of the text's hash say. */
function addHashed(sum: Float32Array, text: string, weight: number): void {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  state ||= 1;
  for (let index = 0; index < sum.length; index += 1) {
    if (index % 32 === 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      // Neighbours in the alphabet have similar sums; this parts them.
      state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) || 1;
    }
    sum[index]! += (state >>> (index % 32)) & 1 ? weight : -weight;
  }
}

function joined(meaning: Float32Array, letters: Float32Array): Float32Array {
  const vector = new Float32Array(meaning.length + letters.length);
  const [a, b] = [lengthOf(meaning), lengthOf(letters)];
  if (a > 0) vector.set(meaning.map((value) => value / a));
  if (b > 0)
    vector.set(
      letters.map((value) => (LETTERS_SHARE * value) / b),
      meaning.length,
    );
  const length = lengthOf(vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}

function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}
