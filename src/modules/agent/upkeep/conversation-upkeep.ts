import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { MessageRecall } from '../../conversation/index.js';
import { Draining } from '../../observability/index.js';
import type { OwnedRun } from '../run.js';
import { SideCalls } from '../side-calls/side-calls.js';
import { ConversationSummarizer } from './conversation-summarizer.js';
import { ConversationTitler } from './conversation-titler.js';
import { MessageIndexer } from './message-indexer.js';
import { QueryMeaning } from './query-meaning.js';

type Upkept = Pick<OwnedRun, 'sessionId' | 'principal'>;

/** Conversations that wait. What does not fit is found by the sweep, or by their next run. */
const MAX_WAITING = 1_000;
/** Summaries and titles that are written at the same time. */
const WRITERS = 4;
/** So long after a run its conversation is looked at: requests go first, and what ends within a moment is looked at once. */
const GATHER_MS = 1_000;
const FIRST_SWEEP_MS = 10_000;
const SWEEP_INTERVAL_MS = 10 * 60_000;
/** How long a shutdown waits. What is not done then is done by another process, or later. */
const STOP_MS = 3_000;

/**
 * What is done with a conversation after its runs, when nobody waits: its messages get vectors, and it gets a title and a
 * summary. None of it touches the run.
 */
@Injectable()
export class ConversationUpkeep implements OnModuleInit, OnApplicationBootstrap {
  private readonly toIndex = new Map<string, Upkept>();
  private readonly toWrite = new Map<string, Upkept>();
  private readonly working = new Set<Promise<void>>();
  private readonly stopped = new AbortController();
  private indexers = 0;
  private writers = 0;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly indexer: MessageIndexer,
    private readonly summarizer: ConversationSummarizer,
    private readonly titler: ConversationTitler,
    private readonly sideCalls: SideCalls,
    private readonly recall: MessageRecall,
    private readonly meaning: QueryMeaning,
    private readonly draining: Draining,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.recall.useMeaning((text, userId, signal) => this.meaning.of(text, userId, signal));
  }

  onApplicationBootstrap(): void {
    if (this.indexer.isEnabled) this.sweeping = this.keepSweeping();
  }

  /** To be called when a run is closed. Returns at once and never throws. A process that is going down leaves it to others. */
  afterRun(run: Upkept): void {
    if (this.stopped.signal.aborted || this.draining.isDraining) return;
    if (this.indexer.isEnabled) {
      enqueue(this.toIndex, run);
      if (this.indexers === 0) this.work('indexers', this.toIndex, (each) => this.index(each));
    }
    enqueue(this.toWrite, run);
    if (this.writers < WRITERS) this.work('writers', this.toWrite, (each) => this.write(each));
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.toIndex.clear();
    this.toWrite.clear();
    const done = Promise.allSettled([this.sideCalls.stop(), this.sweeping, ...this.working]);
    await Promise.race([done, delay(STOP_MS, undefined, { ref: false })]);
  }

  private work(
    kind: 'indexers' | 'writers',
    queue: Map<string, Upkept>,
    each: (run: Upkept) => Promise<void>,
  ): void {
    this[kind] += 1;
    const drain = async (): Promise<void> => {
      await delay(GATHER_MS, undefined, { ref: false, signal: this.stopped.signal }).catch(() => undefined);
      for (const [sessionId, run] of queue) {
        queue.delete(sessionId);
        await this.guarded(kind, () => each(run));
      }
      this[kind] -= 1;
    };
    const running = drain();
    this.working.add(running);
    void running.finally(() => this.working.delete(running));
  }

  private index({ principal, sessionId }: Upkept): Promise<void> {
    return this.indexer.index(principal, sessionId, this.stopped.signal);
  }

  private async write({ principal, sessionId }: Upkept): Promise<void> {
    await this.titler.title(principal, sessionId, this.stopped.signal);
    await this.summarizer.summarize(principal, sessionId, this.stopped.signal);
  }

  private async keepSweeping(): Promise<void> {
    const { signal } = this.stopped;
    for (let pauseMs = FIRST_SWEEP_MS; !signal.aborted; pauseMs = SWEEP_INTERVAL_MS) {
      await delay(pauseMs, undefined, { ref: false, signal }).catch(() => undefined);
      if (!signal.aborted) await this.guarded('sweep', async () => void (await this.indexer.sweep(signal)));
    }
  }

  private async guarded(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!this.stopped.signal.aborted) this.logger.warn({ event: 'agent.upkeep.failed', what, err: error });
    }
  }
}

/** A conversation waits once, however many of its runs have ended. */
function enqueue(queue: Map<string, Upkept>, run: Upkept): void {
  if (queue.size < MAX_WAITING || queue.has(run.sessionId)) queue.set(run.sessionId, run);
}
