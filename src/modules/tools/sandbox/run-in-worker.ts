import { Worker } from 'node:worker_threads';

export interface WorkerJob {
  /** The module that does the work, next to the caller: `new URL('./x.worker.js', import.meta.url)`. */
  readonly script: URL;
  /** Reaches the script as `workerData`. */
  readonly input: unknown;
  readonly timeoutMs: number;
  /** Of the script's JavaScript heap. */
  readonly memoryMb: number;
  readonly signal: AbortSignal;
}

/** The job was ended from outside, or ended itself without an answer. */
export class WorkerJobError extends Error {
  constructor(readonly reason: 'timeout' | 'memory' | 'crashed' | 'cancelled') {
    super(`the worker job ended: ${reason}`);
    this.name = 'WorkerJobError';
  }
}

/**
 * Does a piece of computation in a thread of its own, which is ended when its time or memory is up, whatever it does.
 * Resolves to the first message of the script; rejects with `WorkerJobError`.
 */
export function runInWorker(job: WorkerJob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(job.script, {
      workerData: job.input,
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: job.memoryMb, stackSizeMb: 4 },
    });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      job.signal.removeEventListener('abort', cancel);
      void worker.terminate();
      settle();
    };
    const fail = (reason: WorkerJobError['reason']): void => end(() => reject(new WorkerJobError(reason)));
    const cancel = (): void => fail('cancelled');
    const timer = setTimeout(() => fail('timeout'), job.timeoutMs);
    job.signal.addEventListener('abort', cancel, { once: true });
    worker.once('message', (answer) => end(() => resolve(answer)));
    worker.once('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crashed'),
    );
    worker.once('exit', () => fail('crashed'));
    if (job.signal.aborted) cancel();
  });
}
