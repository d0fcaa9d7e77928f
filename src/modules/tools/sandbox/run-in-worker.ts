import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

/** For the thread to come up, before the job's own time begins. */
const START_LIMIT_MS = 10_000;
const DEFAULT_MAX_ANSWER_BYTES = 1024 * 1024;

// The wall behind `boundedWasmMemory`, for modules that make their memory themselves (which `memoryMb` does not count):
// 320 MB for each, in every thread. V8 reads it whenever a memory is made or grows.
setFlagsFromString('--wasm-max-mem-pages=5120');

export interface WorkerJob {
  /**
   * The module that does the work, next to the caller: `new URL('./x.worker.js', import.meta.url)`. Its default export is
   * a function that takes the input and returns the answer, a JSON value, or a promise of it. (A module without one may
   * take its input from `workerData` and answer once through `parentPort.postMessage`.) It is ours, only its input is
   * hostile: what runs in it may do what this process may do.
   */
  readonly script: URL;
  /** Reaches the script as a structured clone. Bounded by the caller. */
  readonly input: unknown;
  /** Counted from when the thread runs. */
  readonly timeoutMs: number;
  /**
   * Only for a script with a default export: so long may it load what it imports, and `timeoutMs` is counted from when
   * its function is called. Left out: loading is part of `timeoutMs`.
   */
  readonly loadLimitMs?: number;
  /** Of the script's JavaScript heap. A script that uses WebAssembly bounds its memory itself (`boundedWasmMemory`). */
  readonly memoryMb: number;
  /** Of the answer as JSON. Default 1 MiB. */
  readonly maxAnswerBytes?: number;
  readonly signal: AbortSignal;
}

/**
 * - `timeout`, `memory`: its limit was reached;
 * - `too_large`: its answer was;
 * - `crashed`: it failed, or ended without an answer;
 * - `cancelled`: by its signal, or because the process shuts down;
 * - `busy`: it did not start in time: no place, or a machine that has too much to do.
 */
export type WorkerJobFailure = 'timeout' | 'memory' | 'too_large' | 'crashed' | 'cancelled' | 'busy';

/** There is no answer. */
export class WorkerJobError extends Error {
  readonly reason: WorkerJobFailure;

  /** @param detail What the script said when it crashed, cut: for logs. */
  constructor(reason: WorkerJobFailure, detail?: string) {
    super(`the worker job ended: ${reason}`, detail === undefined ? undefined : { cause: detail });
    this.reason = reason;
    this.name = 'WorkerJobError';
  }
}

export interface RunningJob {
  /** Rejects with `WorkerJobError`. */
  readonly answer: Promise<unknown>;
  /** Resolves when the thread is gone and its memory is free: a moment after the answer. Never rejects. */
  readonly ended: Promise<void>;
}

type Message =
  | { readonly kind: 'started' }
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'crashed'; readonly detail: string }
  | { readonly kind: 'too_large' };

/**
 * Does a piece of computation in a thread of its own, which is ended when its time or memory is up, whatever it does.
 * Resolves to the script's answer; rejects with `WorkerJobError`. Either way the thread is gone by then.
 * `ComputeSandbox` bounds how many there are at once: prefer it.
 */
export async function runInWorker(job: WorkerJob): Promise<unknown> {
  const { answer, ended } = startInWorker(job);
  try {
    return await answer;
  } finally {
    await ended;
  }
}

/** As `runInWorker`, for whoever has to know apart when the answer is there and when the thread is gone. */
export function startInWorker(job: WorkerJob): RunningJob {
  if (job.signal.aborted) {
    return { answer: Promise.reject(new WorkerJobError('cancelled')), ended: Promise.resolve() };
  }
  const { maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = job;
  const worker = new Worker(sourceOf(new URL('./worker-entry.js', import.meta.url)), {
    workerData: job.input,
    argv: [sourceOf(job.script).href, String(maxAnswerBytes)],
    execArgv: [],
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: job.memoryMb,
      maxYoungGenerationSizeMb: 8,
      codeRangeSizeMb: 16,
      stackSizeMb: 4,
    },
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const answer = new Promise<unknown>((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      job.signal.removeEventListener('abort', cancel);
      worker.removeAllListeners('message').removeAllListeners('online');
      void worker.terminate();
      settle();
    };
    const fail = (reason: WorkerJobFailure, detail?: string): void =>
      end(() => reject(new WorkerJobError(reason, detail)));
    const cancel = (): void => fail('cancelled');
    let timer = setTimeout(() => fail('busy'), START_LIMIT_MS);
    job.signal.addEventListener('abort', cancel, { once: true });
    const allow = (ms: number, reason: WorkerJobFailure = 'timeout'): void => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(reason), ms);
    };
    worker.once('online', () =>
      job.loadLimitMs === undefined ? allow(job.timeoutMs) : allow(job.loadLimitMs, 'busy'),
    );
    worker.on('message', (message: Message) => {
      if (message.kind === 'started') allow(job.timeoutMs);
      else if (message.kind === 'too_large') fail('too_large');
      else if (message.kind === 'crashed') fail('crashed', message.detail);
      else end(() => resolve(JSON.parse(textOf(message.bytes)) as unknown));
    });
    // Not `once`: an error event that nobody listens to would end the process.
    worker.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crashed', String(error.code)),
    );
    worker.once('exit', () => fail('crashed', 'it ended without an answer'));
  });
  return { answer, ended };
}

/** Run from sources, as tests do, there is no `x.js` yet. Node runs the TypeScript as it is. */
function sourceOf(script: URL): URL {
  if (!import.meta.url.endsWith('.ts') || existsSync(script)) return script;
  return new URL(script.href.replace(/\.js$/, '.ts'));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
