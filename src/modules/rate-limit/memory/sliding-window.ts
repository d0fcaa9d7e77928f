/** One thing that was taken from a window, and when. */
interface Entry {
  readonly atMs: number;
  amount: number;
}

/**
 * What was used within the last `lengthMs`, to the millisecond. Entries that fall into one slice of time are kept together
 * under the slice's latest moment, so that memory is bounded and the sum is never too small: more than the limit can
 * never pass in any window.
 */
export class SlidingWindow {
  private readonly entries: Entry[] = [];
  private sum = 0;

  constructor(
    private readonly lengthMs: number,
    private readonly sliceMs = 50,
  ) {}

  /** Adds, or takes back with a negative amount what was added at `atMs`. */
  add(atMs: number, amount: number): void {
    if (amount === 0) return;
    const slice = this.sliceOf(atMs);
    const index = this.entries.findLastIndex((entry) => entry.atMs <= slice);
    const found = this.entries[index];
    if (found?.atMs === slice) found.amount += amount;
    // What has slid out cannot be taken back; it does not count any more either.
    else if (amount < 0) return;
    else this.entries.splice(index + 1, 0, { atMs: slice, amount });
    this.sum += amount;
  }

  used(nowMs: number): number {
    this.slide(nowMs);
    return this.sum;
  }

  /** When `used` is at most `level`, if nothing more is added. `nowMs` when it is already. */
  whenAtMost(level: number, nowMs: number): number {
    let left = this.used(nowMs);
    for (const entry of this.entries) {
      if (left <= level) break;
      left -= entry.amount;
      if (left <= level) return entry.atMs + this.lengthMs;
    }
    return nowMs;
  }

  /** When nothing is left in it. */
  whenEmpty(nowMs: number): number {
    this.slide(nowMs);
    const last = this.entries.at(-1);
    return last ? last.atMs + this.lengthMs : nowMs;
  }

  /** When something would be gone that is added now. */
  whenGone(nowMs: number): number {
    return this.sliceOf(nowMs) + this.lengthMs;
  }

  private sliceOf(atMs: number): number {
    return Math.ceil(atMs / this.sliceMs) * this.sliceMs;
  }

  private slide(nowMs: number): void {
    let gone = 0;
    while (gone < this.entries.length && this.entries[gone]!.atMs + this.lengthMs <= nowMs) {
      this.sum -= this.entries[gone]!.amount;
      gone += 1;
    }
    if (gone > 0) this.entries.splice(0, gone);
  }
}
