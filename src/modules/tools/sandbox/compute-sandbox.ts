import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ToolsConfig } from '../../../config/app-config.js';
import { type RunningJob, startInWorker, type WorkerJob, WorkerJobError } from './run-in-worker.js';

/** Longer than this nobody waits for a place. */
const MAX_WAIT_MS = 10_000;
const MAX_WAITING = 64;
/** Of one owner, so that nobody fills the line alone. */
const MAX_WAITING_PER_OWNER = 16;
/** A thread that is deep in native code ends when that returns; the process does not wait for it for ever. */
const SHUTDOWN_LIMIT_MS = 2_000;

export interface ComputeJob extends WorkerJob {
  /**
   * For whom it is, usually the user's id. A free place goes to whoever has the fewest jobs at work, among those to whoever
   * has waited longest since the last one.
   */
  readonly owner: string;
}

interface Waiting {
  readonly owner: string;
  /** Called once it has a place. */
  readonly enter: () => void;
}

/** The computations of this process: so many threads at once, a bounded line behind them, all ended at shutdown. */
@Injectable()
export class ComputeSandbox implements OnApplicationShutdown {
  private readonly stopping = new AbortController();
  /** Who has a place, an entry for each. Kept until the thread is gone, not only until it has answered. */
  private readonly places: string[] = [];
  private readonly threads = new Set<Promise<void>>();
  private readonly waiting = new Set<Waiting>();
  /** In which order owners were given their last place, as long as there is a line. */
  private readonly turns = new Map<string, number>();
  private turn = 0;

  constructor(
    private readonly config: ToolsConfig,
    private readonly logger: PinoLogger,
  ) {}

  /** Threads that exist, those included that have answered and are about to end. */
  get threadCount(): number {
    return this.threads.size;
  }

  /**
   * As `runInWorker`, once there is a place: the job's own time begins then. Resolves when the answer is there. Rejects
   * with `WorkerJobError`: `busy` when there was no place in time.
   */
  async run(job: ComputeJob): Promise<unknown> {
    const signal = AbortSignal.any([job.signal, this.stopping.signal]);
    if (signal.aborted) throw new WorkerJobError('cancelled');
    await this.takePlace(job.owner, signal);
    try {
      return await this.start({ ...job, signal }).answer;
    } catch (error) {
      if (error instanceof WorkerJobError && error.reason === 'crashed') this.logCrash(job, error);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, SHUTDOWN_LIMIT_MS);
    await Promise.race([Promise.all(this.threads), limit.promise]);
    clearTimeout(timer);
  }

  private logCrash({ script }: ComputeJob, { cause }: WorkerJobError): void {
    this.logger.error({
      event: 'tools.compute.crashed',
      script: script.pathname.slice(script.pathname.lastIndexOf('/') + 1),
      detail: cause,
    });
  }

  private start(job: ComputeJob): RunningJob {
    let running: RunningJob;
    try {
      running = startInWorker(job);
    } catch (error) {
      this.leavePlace(job.owner);
      throw error;
    }
    const { ended } = running;
    this.threads.add(ended);
    void ended.then(() => {
      this.threads.delete(ended);
      this.leavePlace(job.owner);
    });
    return running;
  }

  private takePlace(owner: string, signal: AbortSignal): Promise<void> {
    if (this.places.length < this.config.computeConcurrency) {
      this.give(owner);
      return Promise.resolve();
    }
    const ofOwner = [...this.waiting].filter((waiting) => waiting.owner === owner).length;
    if (this.waiting.size >= MAX_WAITING || ofOwner >= MAX_WAITING_PER_OWNER) {
      return Promise.reject(new WorkerJobError('busy'));
    }
    return new Promise((resolve, reject) => {
      const settle = (settlement: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
        this.waiting.delete(waiting);
        settlement();
      };
      const giveUp = (reason: 'busy' | 'cancelled'): void => settle(() => reject(new WorkerJobError(reason)));
      const cancel = (): void => giveUp('cancelled');
      const timer = setTimeout(() => giveUp('busy'), MAX_WAIT_MS);
      const waiting: Waiting = { owner, enter: () => settle(resolve) };
      signal.addEventListener('abort', cancel, { once: true });
      this.waiting.add(waiting);
    });
  }

  private give(owner: string): void {
    this.places.push(owner);
    this.turns.set(owner, ++this.turn);
  }

  private leavePlace(owner: string): void {
    this.places.splice(this.places.indexOf(owner), 1);
    const next = this.nextInLine();
    if (!next) return this.turns.clear();
    this.give(next.owner);
    next.enter();
  }

  private nextInLine(): Waiting | undefined {
    const placesOf = (owner: string): number => this.places.filter((holder) => holder === owner).length;
    const turnOf = (owner: string): number => this.turns.get(owner) ?? 0;
    const goesBefore = (a: string, b: string): boolean =>
      placesOf(a) === placesOf(b) ? turnOf(a) < turnOf(b) : placesOf(a) < placesOf(b);
    return [...this.waiting].reduce<Waiting | undefined>(
      (best, candidate) => (best === undefined || goesBefore(candidate.owner, best.owner) ? candidate : best),
      undefined,
    );
  }
}
