import { parentPort, workerData } from 'node:worker_threads';
import type { Misbehaviour } from './misbehaviour.js';

/** A job's script that does what a script must not do, or what it may. */
const port = parentPort!;
const { kind } = workerData as { kind: Misbehaviour };

const BEHAVIOURS: Readonly<Record<Misbehaviour, () => unknown>> = {
  echo: () => port.postMessage(workerData),
  surroundings: () =>
    port.postMessage({ env: { ...process.env }, argv: process.argv.slice(2), execArgv: process.execArgv }),
  'loops for ever': () => {
    for (;;);
  },
  'fills its heap': () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1_000).fill(kept.length).map(String));
  },
  'fills a wasm memory': () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 32_768 });
    try {
      for (;;) memory.grow(160);
    } catch {
      port.postMessage({ megabytes: memory.buffer.byteLength / 1024 / 1024 });
    }
  },
  throws: () => {
    throw new Error('broken '.repeat(1_000));
  },
  'rejects later': () => setImmediate(() => void Promise.reject(new Error('later'))),
  exits: () => process.exit(0),
  'ends silently': () => undefined,
  'answers too much': () => port.postMessage('x'.repeat(5_000_000)),
  'answers a cycle': () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    port.postMessage(cycle);
  },
  'floods with answers': () => {
    for (let n = 0; n < 3_000_000; n += 1) port.postMessage({ n });
  },
  prints: () => {
    for (let n = 0; n < 50; n += 1) {
      console.log('x'.repeat(1_000_000));
      console.error('x'.repeat(1_000_000));
      process.stdout.write('y');
    }
    port.postMessage('printed');
  },
  waits: () => void setInterval(() => undefined, 1_000),
};

BEHAVIOURS[kind]();
