import { NO_OWNERS_EPOCH } from '../no-owners-epoch.js';
import { EventWatches } from '../event-watches.js';
import type { LiveBatch, LiveEvents, PublishOutcome, RunWatch } from '../live-events.js';
import type { LoggedEvent } from '../run-event-log.js';

interface Entry {
  readonly epoch: number;
  readonly event: LoggedEvent;
}

interface LiveRun {
  epoch: number;
  readonly entries: Entry[];
}

/** For one replica. Holds what the owners' own logs hold, so it costs a list of references per running run. */
export class MemoryLiveEvents implements LiveEvents {
  readonly isShared = false;
  private readonly runs = new Map<string, LiveRun>();
  private readonly watches = new EventWatches();

  async publish(
    runId: string,
    epoch: number,
    events: readonly LoggedEvent[],
    everything: () => readonly LoggedEvent[],
  ): Promise<PublishOutcome> {
    const run = this.runs.get(runId);
    if (run && run.epoch > epoch) return 'fenced';
    if (run) {
      run.epoch = epoch;
      const lastId = run.entries.at(-1)?.event.id ?? 0;
      for (const event of events) if (event.id > lastId) run.entries.push({ epoch, event });
    } else {
      this.runs.set(runId, { epoch, entries: everything().map((event) => ({ epoch, event })) });
    }
    this.watches.notify(runId);
    return 'published';
  }

  async read(runId: string, afterId: number): Promise<LiveBatch> {
    const entries = this.runs.get(runId)?.entries.filter(({ event }) => event.id > afterId) ?? [];
    return { events: entries.map(({ event }) => event), epoch: entries.at(-1)?.epoch ?? 0 };
  }

  async adopt(runId: string, epoch: number, afterId: number): Promise<readonly LoggedEvent[] | undefined> {
    const run = this.runs.get(runId);
    if (!run) {
      this.runs.set(runId, { epoch, entries: [] });
      return undefined;
    }
    run.epoch = Math.max(run.epoch, epoch);
    const { events } = await this.read(runId, afterId);
    if (events[0] === undefined || events[0].id === afterId + 1) return events;
    run.entries.length = 0;
    return undefined;
  }

  watch(runId: string): RunWatch {
    return this.watches.watch(runId);
  }

  wake(runId: string): void {
    this.watches.notify(runId);
  }

  end(runId: string): void {
    this.runs.delete(runId);
    this.watches.notify(runId);
  }

  /** A run that goes on is told by its epoch that it is not wanted; its end takes the rest away. */
  async erase(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) {
      const run = this.runs.get(runId);
      if (!run) continue;
      run.epoch = NO_OWNERS_EPOCH;
      run.entries.length = 0;
      this.watches.notify(runId);
    }
  }
}
