import { EventWatches } from '../event-watches.js';
import type { LiveEvents, PublishOutcome, RunWatch } from '../live-events.js';
import type { LoggedEvent } from '../run-event-log.js';

interface LiveRun {
  epoch: number;
  readonly events: LoggedEvent[];
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
      const lastId = run.events.at(-1)?.id ?? 0;
      run.events.push(...events.filter(({ id }) => id > lastId));
    } else {
      this.runs.set(runId, { epoch, events: [...everything()] });
    }
    this.watches.notify(runId);
    return 'published';
  }

  async read(runId: string, afterId: number): Promise<readonly LoggedEvent[]> {
    return this.runs.get(runId)?.events.filter(({ id }) => id > afterId) ?? [];
  }

  async adopt(runId: string, epoch: number, afterId: number): Promise<readonly LoggedEvent[] | undefined> {
    const run = this.runs.get(runId);
    if (!run) {
      this.runs.set(runId, { epoch, events: [] });
      return undefined;
    }
    run.epoch = Math.max(run.epoch, epoch);
    const events = run.events.filter(({ id }) => id > afterId);
    if (events[0] === undefined || events[0].id === afterId + 1) return events;
    run.events.length = 0;
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
}
