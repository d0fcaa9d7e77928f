import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ActiveRuns, type RunOutcome } from '../active-runs.js';
import type { RunReference } from '../run.js';
import { LIVE_EVENTS, type LiveEvents } from './live-events.js';
import type { LoggedEvent } from './run-event-log.js';
import { RunEventRepository } from './run-event.repository.js';

/**
 * - `complete`: the run's last event was given
 * - `gone`: the run was erased
 * - `shutting_down`: this process goes down; the run goes on elsewhere
 * - `aborted`: the subscriber's signal fired
 */
export type FeedEnd = 'complete' | 'gone' | 'shutting_down' | 'aborted';

/** Behind news from Redis, and where there is none: how often a run that is driven elsewhere is looked at. */
const POLL_MS = 500;
const ENDED = new Set(['completed', 'failed', 'cancelled']);

/**
 * The events of a run, wherever it is driven and whether or not it is over: from its owner's log when that is here, else
 * from Redis, and from the database for what is stored. A subscriber follows the run when its owner changes.
 */
@Injectable()
export class RunEventFeed {
  constructor(
    private readonly active: ActiveRuns,
    private readonly stored: RunEventRepository,
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly logger: PinoLogger,
  ) {}

  async *subscribe(
    run: RunReference,
    signal: AbortSignal,
    afterId = 0,
  ): AsyncGenerator<readonly LoggedEvent[], FeedEnd> {
    let cursor = afterId;
    if (cursor > 0 && !this.active.get(run.runId)?.events.covers(0)) {
      cursor = await this.stored.resumePoint(run, cursor);
    }
    const stopped = AbortSignal.any([signal, this.active.closing]);
    const watch = this.live.watch(run.runId);
    try {
      for (;;) {
        if (signal.aborted) return 'aborted';
        const local = this.active.get(run.runId);
        if (local?.events.covers(cursor)) {
          const batches = local.events.subscribe(signal, cursor);
          let next = await batches.next();
          for (; !next.done; next = await batches.next()) {
            cursor = next.value.at(-1)!.id;
            yield next.value;
          }
          if (next.value === 'complete' || next.value === 'aborted') return next.value;
          if (next.value === 'moved') await local.outcome;
          continue;
        }
        if (this.active.closing.aborted) return 'shutting_down';
        if (cursor === 0) {
          // Known from the moment the run is admitted, so it is nowhere but in the run itself.
          cursor = 1;
          yield [{ id: 1, event: { type: 'run-start', runId: run.runId, sessionId: run.sessionId } }];
          continue;
        }
        const found = await this.find(run, cursor);
        if (found === 'gone') return 'gone';
        if (found === 'ended') return 'complete';
        if (found.length === 0) {
          await watch.next(POLL_MS, stopped);
          continue;
        }
        cursor = found.at(-1)!.id;
        yield found;
        if (isLast(found.at(-1)!)) return 'complete';
      }
    } finally {
      watch.close();
    }
  }

  /** The last event of a run, or why there is none here. */
  async outcome(run: RunReference, signal: AbortSignal): Promise<RunOutcome | Exclude<FeedEnd, 'complete'>> {
    const local = await this.active.get(run.runId)?.outcome;
    if (local && local !== 'moved') return local;
    const batches = this.subscribe(run, signal, 1);
    for (;;) {
      const next = await batches.next();
      if (next.done) return next.value === 'complete' ? 'gone' : next.value;
      const { event } = next.value.at(-1)!;
      if (event.type === 'run-end' || event.type === 'run-error') return event;
    }
  }

  /** What there is after `cursor`, without a gap; empty: nothing yet. A dependency that is away has nothing now. */
  private async find(run: RunReference, cursor: number): Promise<readonly LoggedEvent[] | 'gone' | 'ended'> {
    try {
      const live = await this.live.read(run.runId, cursor);
      if (live[0]?.id === cursor + 1) return live;
    } catch (error) {
      this.logger.debug({ event: 'agent.events.not_live', run_id: run.runId, err: error });
    }
    try {
      const stored = await this.stored.readAfter(run, cursor);
      if (!stored) return 'gone';
      if (stored.events.length === 0 && ENDED.has(stored.status)) return 'ended';
      return stored.events[0]?.id === cursor + 1 ? stored.events : [];
    } catch (error) {
      this.logger.warn({ event: 'agent.events.not_read', run_id: run.runId, err: error });
      return [];
    }
  }
}

function isLast({ event }: LoggedEvent): boolean {
  return event.type === 'run-end' || event.type === 'run-error';
}
