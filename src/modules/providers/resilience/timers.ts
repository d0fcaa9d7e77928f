/** Timers are injected, so that tests decide when they fire. */
export interface Timers {
  /** Runs `callback` once after `ms`. The returned function cancels it, also when it is too late. */
  after(ms: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  after(ms, callback) {
    // Rounded up: a wait that a vendor asked for is never undercut.
    const timer = setTimeout(callback, Math.ceil(ms));
    return () => clearTimeout(timer);
  },
};
