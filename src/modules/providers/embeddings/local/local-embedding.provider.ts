import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { countTextTokens } from '../../tokens/estimate-tokens.js';
import {
  boundedTexts,
  type EmbeddingProvider,
  type Embeddings,
  EmbeddingUnavailable,
} from '../embedding-provider.js';

/** Calls that wait or are at work; each is small. */
const MAX_CALLS = 64;
/** For a call with all that waits before it. Far more than 64 long texts take. */
const CALL_LIMIT_MS = 10_000;
const MEMORY_MB = 128;

interface Answer {
  readonly id: number;
  readonly dimensions: number;
  readonly numbers: Float32Array;
}

interface Call {
  readonly answered: (answer: Answer) => void;
  readonly failed: (reason: EmbeddingUnavailable['reason']) => void;
}

/**
 * Embeds within this process, without a vendor or a download: `text-vectors.ts`, in a thread of its own that starts with
 * the first call and lives until `stop`. A thread that dies or hangs is replaced by the next call.
 */
export class LocalEmbeddingProvider implements EmbeddingProvider {
  /** A change of the table or of what is made of it needs another name. */
  readonly model = 'local-1';
  readonly dimensions = 256;
  readonly vendor = undefined;
  readonly #calls = new Map<number, Call>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isStopped = false;

  /** `script`: for tests. */
  constructor(private readonly script = new URL('./local-embedding.worker.js', import.meta.url)) {}

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    const bounded = boundedTexts(texts);
    signal.throwIfAborted();
    if (this.#isStopped) throw new EmbeddingUnavailable('stopped');
    if (this.#calls.size >= MAX_CALLS) throw new EmbeddingUnavailable('busy');
    const { dimensions, numbers } = await this.#call(bounded, signal);
    return {
      vectors: bounded.map((_, index) => numbers.slice(index * dimensions, (index + 1) * dimensions)),
      usage: {
        inputTokens: bounded.reduce((sum, text) => sum + countTextTokens(text), 0),
        source: 'estimated',
      },
    };
  }

  /** Ends the thread; calls that wait are rejected. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end('stopped');
  }

  #call(texts: readonly string[], signal: AbortSignal): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = (settlement: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        this.#calls.delete(id);
        settlement();
      };
      const leave = (): void => settle(() => reject(signal.reason as Error));
      const timer = setTimeout(() => {
        settle(() => reject(new EmbeddingUnavailable('timeout')));
        void this.#end('crashed');
      }, CALL_LIMIT_MS);
      signal.addEventListener('abort', leave, { once: true });
      this.#calls.set(id, {
        answered: (answer) => settle(() => resolve(answer)),
        failed: (reason) => settle(() => reject(new EmbeddingUnavailable(reason))),
      });
      (this.#worker ??= this.#start()).postMessage({ id, texts });
    });
  }

  #start(): Worker {
    const worker = new Worker(sourceOf(this.script), {
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    // Nobody waits for a thread that has nothing to do.
    worker.unref();
    worker.on('message', (answer: Answer) => this.#calls.get(answer.id)?.answered(answer));
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (this.#worker === worker) void this.#end('crashed');
    });
    return worker;
  }

  async #end(reason: EmbeddingUnavailable['reason']): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    for (const call of [...this.#calls.values()]) call.failed(reason);
    await worker?.terminate();
  }
}

/** Run from sources, as tests do, there is no `x.js` yet. Node runs the TypeScript as it is. */
function sourceOf(script: URL): URL {
  if (!import.meta.url.endsWith('.ts') || existsSync(script)) return script;
  return new URL(script.href.replace(/\.js$/, '.ts'));
}
