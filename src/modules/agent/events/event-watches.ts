import type { RunWatch } from './live-events.js';

interface Watcher {
  hasNews: boolean;
  wake: (() => void) | undefined;
}

/** Who waits for news of which run, within this process. */
export class EventWatches {
  private readonly watchers = new Map<string, Set<Watcher>>();

  /** `onFirst` and `onLast` are called when a run begins and ceases to be watched at all. */
  constructor(
    private readonly onFirst: (runId: string) => void = () => undefined,
    private readonly onLast: (runId: string) => void = () => undefined,
  ) {}

  notify(runId: string): void {
    for (const watcher of this.watchers.get(runId) ?? []) {
      watcher.hasNews = true;
      watcher.wake?.();
    }
  }

  /** The runs that somebody waits for. */
  runIds(): string[] {
    return [...this.watchers.keys()];
  }

  notifyAll(): void {
    for (const runId of this.watchers.keys()) this.notify(runId);
  }

  watch(runId: string): RunWatch {
    const watcher: Watcher = { hasNews: false, wake: undefined };
    const others = this.watchers.get(runId);
    if (others) others.add(watcher);
    else {
      this.watchers.set(runId, new Set([watcher]));
      this.onFirst(runId);
    }
    return {
      next: (timeoutMs, signal) => waitForNews(watcher, timeoutMs, signal),
      close: () => {
        const all = this.watchers.get(runId);
        if (!all?.delete(watcher) || all.size > 0) return;
        this.watchers.delete(runId);
        this.onLast(runId);
      },
    };
  }
}

function waitForNews(watcher: Watcher, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      watcher.wake = undefined;
      watcher.hasNews = false;
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    if (watcher.hasNews || signal.aborted) return done();
    watcher.wake = done;
    signal.addEventListener('abort', done, { once: true });
  });
}
