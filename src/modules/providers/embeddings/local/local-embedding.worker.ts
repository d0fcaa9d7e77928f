import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/*
 * The thread of the local embedding model. It takes `{ id, texts }` and answers `{ id, dimensions, numbers }`: the vectors
 * one after the other.
 */

// From TypeScript sources, as tests run it, there is no `.js` beside this file.
const ownExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const { textVectors } = (await import(
  `./text-vectors.${ownExtension}`
)) as typeof import('./text-vectors.js');
const vectors = textVectors(readFileSync(new URL('./assets/english-words.bin', import.meta.url)));
const port = parentPort!;

port.on('message', ({ id, texts }: { id: number; texts: readonly string[] }) => {
  const { dimensions } = vectors;
  const numbers = new Float32Array(texts.length * dimensions);
  texts.forEach((text, index) => numbers.set(vectors.vectorOf(text), index * dimensions));
  port.postMessage({ id, dimensions, numbers }, [numbers.buffer]);
});
