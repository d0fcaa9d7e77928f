import { once } from 'node:events';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { DatabaseConfig } from '../../../config/app-config.js';
import { Slots } from '../../../shared/resilience/slots.js';
import { type ActiveRun, ActiveRuns, type RunOutcome } from '../active-runs.js';
import type { RunReference } from '../run.js';
import { type LiveBatch, LIVE_EVENTS, type LiveEvents } from './live-events.js';
import type { LoggedEvent } from './run-event-log.js';
import { type Restart, RunEventRepository } from './run-event.repository.js';

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

/** Parts that are read from Redis at once: a hundred readers that follow on at the same time would be a stall of this process. */
const LIVE_READS = 8;
/** Readers of stored events take so much of the pool at the most: however many they are, there is room for everyone else. */
const SHARE_OF_POOL = 0.5;

/** How far a subscriber is. */
interface Position {
  /** The last event that it has. */
  cursor: number;
  /** The last takeover that it knows of, by the id of its restart. */
  restart: number;
  /** The last epoch that is known to hold no other takeover. */
  epoch: number;
}

/**
 * The events of a run, wherever it is driven and whether or not it is over: from its owner's log when that is here, else
 * from Redis, and from the database for what is stored. A subscriber follows the run when its owner changes. Where the next
 * owner could not know what had been shown, ids are used again, and the subscriber goes back to the restart that says so.
 */
@Injectable()
export class RunEventFeed {
  private readonly liveReads = new Slots(LIVE_READS);
  private readonly storedReads: Slots;

  constructor(
    private readonly active: ActiveRuns,
    private readonly stored: RunEventRepository,
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly logger: PinoLogger,
    { poolSize }: DatabaseConfig,
  ) {
    this.storedReads = new Slots(Math.max(1, Math.floor(poolSize * SHARE_OF_POOL)));
  }

  async *subscribe(
    run: RunReference,
    signal: AbortSignal,
    afterId = 0,
  ): AsyncGenerator<readonly LoggedEvent[], FeedEnd> {
    const at: Position = { cursor: afterId, restart: 0, epoch: 0 };
    if (afterId > 0 && !this.active.get(run.runId)?.events.covers(0)) {
      const restarts = await this.stored.restarts(run);
      goBack(at, restarts);
      at.restart = restarts.findLast(({ id }) => id <= at.cursor)?.id ?? 0;
    }
    const stopped = AbortSignal.any([signal, this.active.closing]);
    const watch = this.live.watch(run.runId);
    try {
      for (;;) {
        if (signal.aborted) return 'aborted';
        const local = this.active.get(run.runId);
        if (local && isNewTakeover(at, local)) at.cursor = local.firstEventId - 1;
        if (local?.events.covers(at.cursor)) {
          const batches = local.events.subscribe(signal, at.cursor);
          let next = await batches.next();
          for (; !next.done; next = await batches.next()) {
            advance(at, next.value);
            yield next.value;
          }
          if (next.value === 'complete' || next.value === 'aborted') return next.value;
          if (next.value === 'moved') await local.outcome;
          continue;
        }
        if (this.active.closing.aborted) return 'shutting_down';
        if (at.cursor === 0) {
          // Known from the moment the run is admitted, so it is nowhere but in the run itself.
          at.cursor = 1;
          yield [{ id: 1, event: { type: 'run-start', runId: run.runId, sessionId: run.sessionId } }];
          continue;
        }
        const found = await this.find(run, at, stopped);
        if (found === 'gone') return 'gone';
        if (found === 'ended') return 'complete';
        if (found.length === 0) {
          await watch.next(POLL_MS, stopped);
          continue;
        }
        advance(at, found);
        yield found;
        if (isLast(found.at(-1)!)) return 'complete';
      }
    } finally {
      watch.close();
    }
  }

  /** The last event of a run, or why there is none here. `waiting`: there is none before a person has decided. */
  async outcome(
    run: RunReference,
    signal: AbortSignal,
  ): Promise<RunOutcome | 'waiting' | Exclude<FeedEnd, 'complete'>> {
    const driven = this.active.get(run.runId);
    const local = driven && (await Promise.race([driven.outcome, firing(signal)]));
    if (local && typeof local !== 'string') return local;
    const batches = this.subscribe(run, signal, 1);
    for (;;) {
      const next = await batches.next();
      if (next.done) return next.value === 'complete' ? 'gone' : next.value;
      const { id, event } = next.value.at(-1)!;
      if (event.type === 'approval-request' && (await this.waitsAfter(run, id))) return 'waiting';
      if (event.type === 'run-end' || event.type === 'run-error') return event;
    }
  }

  private async waitsAfter(run: RunReference, eventId: number): Promise<boolean> {
    const stored = await this.stored.readAfter(run, eventId).catch(() => undefined);
    return stored?.status === 'waiting';
  }

  /** What there is next, without a gap; empty: nothing yet. A dependency that is away has nothing now. */
  private async find(
    run: RunReference,
    at: Position,
    signal: AbortSignal,
  ): Promise<readonly LoggedEvent[] | 'gone' | 'ended'> {
    const live = await this.findLive(run, at, signal);
    if (live?.epoch === at.epoch && followsOn(at, live.events)) return live.events;
    return this.findStored(run, at, live, signal);
  }

  private async findLive(
    { runId }: RunReference,
    { cursor }: Position,
    signal: AbortSignal,
  ): Promise<LiveBatch | undefined> {
    const release = await this.liveReads.acquire(signal);
    if (!release) return undefined;
    try {
      return await this.live.read(runId, cursor);
    } catch (error) {
      this.logger.debug({ event: 'agent.events.not_live', run_id: runId, err: error });
      return undefined;
    } finally {
      release();
    }
  }

  private async findStored(
    run: RunReference,
    at: Position,
    live: LiveBatch | undefined,
    signal: AbortSignal,
  ): Promise<readonly LoggedEvent[] | 'gone' | 'ended'> {
    const release = await this.storedReads.acquire(signal);
    if (!release) return [];
    try {
      // An owner stores its restart before it shows anything, so what is live of a new one is found out about here.
      goBack(at, await this.stored.restarts(run));
      if (live && followsOn(at, live.events)) {
        at.epoch = live.epoch;
        return live.events;
      }
      const stored = await this.stored.readAfter(run, at.cursor);
      if (!stored) return 'gone';
      if (stored.events.length === 0 && ENDED.has(stored.status)) return 'ended';
      return followsOn(at, stored.events) ? stored.events : [];
    } catch (error) {
      this.logger.warn({ event: 'agent.events.not_read', run_id: run.runId, err: error });
      return [];
    } finally {
      release();
    }
  }
}

async function firing(signal: AbortSignal): Promise<'aborted'> {
  if (!signal.aborted) await once(signal, 'abort');
  return 'aborted';
}

function advance(at: Position, events: readonly LoggedEvent[]): void {
  at.cursor = events.at(-1)!.id;
  for (const { id, event } of events) if (event.type === 'step-restart') at.restart = id;
}

function followsOn(at: Position, events: readonly LoggedEvent[]): boolean {
  return events[0]?.id === at.cursor + 1;
}

/** To before the first takeover since the last known one that has used ids again which the subscriber has. */
function goBack(at: Position, restarts: readonly Restart[]): void {
  const lost = restarts.find(({ id, isTailLost }) => isTailLost && id > at.restart && id <= at.cursor);
  if (lost) at.cursor = lost.id - 1;
}

/** Has this process taken the run over and given ids again that the subscriber has? Its restart may not be stored yet. */
function isNewTakeover(at: Position, { firstEventId }: ActiveRun): boolean {
  return firstEventId > 1 && firstEventId > at.restart && firstEventId <= at.cursor;
}

function isLast({ event }: LoggedEvent): boolean {
  return event.type === 'run-end' || event.type === 'run-error';
}
