const FIRST_MS = 1_000;
const MAX_MS = 60_000;

/** How long to wait before the next try: longer each time, from the start again after a quiet while. Spread by a quarter. */
export class Pace {
  private tries = 0;
  private last = -Infinity;

  constructor(
    private readonly nowMs: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const now = this.nowMs();
    if (now - this.last > 2 * MAX_MS) this.tries = 0;
    this.last = now;
    const pause = Math.min(FIRST_MS * 2 ** this.tries, MAX_MS);
    this.tries = Math.min(this.tries + 1, 16);
    return pause * (0.75 + this.random() / 4);
  }

  reset(): void {
    this.tries = 0;
  }
}
