// Writes src/modules/providers/tokens/common-words.txt: the words and marks that o200k, the vocabulary of OpenAI's newer
// models, takes as one token, the commonest as far as they fit. o200k is read from gpt-tokenizer.
import { readFileSync, writeFileSync } from 'node:fs';

const MAX_BYTES = 199_000;
/** Words that every tokenizer has as one token, about. */
const COMMON = 4_000;
const WORDS_PER_LINE = 20;
const WORD = /^\p{L}[\p{L}\p{M}]+$/u;
const MARKS = /^[^\s\p{L}\p{N}]{2,}$/u;
/** How many letters a word shares with the one before it: in capitals for common words, which are all written small. */
const SHARED = { common: 'ABCDEFGHIJKLMNO', other: '0123456789!#$%&' };

const HEADER = `Words and marks of one token in o200k, the commonest of them, without case. Written by scripts/common-words.mjs.
Each word is what it adds to as many letters of the word before it as the character ahead of it says.
The vocabulary is OpenAI's (github.com/openai/tiktoken), in the form of gpt-tokenizer; both are under the MIT License:
Copyright (c) 2022 OpenAI, Shantanu Jain; Copyright (c) 2023-2024 Bazyli Brzoska.`;

/** Marks are looked up without the line breaks that follow them, and both without the space before. */
const trimmed = (token) => token.replace(/^ /, '').replace(/[\r\n]+$/, '');

const tokens = readFileSync(
  new URL('../node_modules/gpt-tokenizer/data/o200k_base.tiktoken', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => trimmed(Buffer.from(line.split(' ')[0], 'base64').toString('utf8')))
  .filter((token) => !token.includes('\ufffd'));

const marks = [...new Set(tokens.filter((token) => MARKS.test(token)))];
const words = [...new Set(tokens.map((token) => token.toLowerCase()).filter((token) => WORD.test(token)))];

function encode(count) {
  const common = new Set(words.slice(0, COMMON));
  let text = '';
  let before = '';
  for (const [index, word] of words.slice(0, count).sort().entries()) {
    let shared = 0;
    while (shared < SHARED.other.length - 1 && word[shared] === before[shared]) shared++;
    if (index > 0 && index % WORDS_PER_LINE === 0) text += '\n';
    text += SHARED[common.has(word) ? 'common' : 'other'][shared] + word.slice(shared);
    before = word;
  }
  return `${[HEADER, text, marks.join('\n')].join('\n\n')}\n`;
}

let count = 0;
for (let step = 32_768; step >= 64; step /= 2) {
  if (Buffer.byteLength(encode(count + step)) <= MAX_BYTES) count += step;
}
writeFileSync(new URL('../src/modules/providers/tokens/common-words.txt', import.meta.url), encode(count));
console.log(`${count} words, ${marks.length} marks`);
