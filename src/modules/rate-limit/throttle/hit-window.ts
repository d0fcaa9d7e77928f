/** What became of one hit. */
export interface HitOutcome {
  readonly isAdmitted: boolean;
  /** Within the window, with this one if it was admitted. */
  readonly hits: number;
  /** Refused: until the next one is admitted. Admitted: until nothing is counted any more. */
  readonly waitMs: number;
}

/** Hits within one slice of time are one entry, so that a window has a bounded number of them. */
export const SLICE_MS = 1_000;

/**
 * The hits of the last `lengthMs`. An entry counts until its latest hit has slid out: never more than the limit are
 * admitted within any `lengthMs`, and nobody waits longer than that. Refused hits are not counted, so that whoever goes on
 * trying gets in again as soon as whoever waits. `redis-hits.ts` does the same in Redis.
 */
export class HitWindow {
  private readonly slices: { lastMs: number; hits: number }[] = [];

  constructor(private readonly lengthMs: number) {}

  hit(nowMs: number, limit: number): HitOutcome {
    while (this.slices[0] && this.slices[0].lastMs + this.lengthMs <= nowMs) this.slices.shift();
    const hits = this.slices.reduce((sum, slice) => sum + slice.hits, 0);
    let left = hits;
    for (const slice of left >= limit ? this.slices : []) {
      left -= slice.hits;
      if (left < limit) return { isAdmitted: false, hits, waitMs: slice.lastMs + this.lengthMs - nowMs };
    }
    const last = this.slices.at(-1);
    if (last && Math.floor(last.lastMs / SLICE_MS) === Math.floor(nowMs / SLICE_MS)) {
      last.lastMs = nowMs;
      last.hits += 1;
    } else {
      this.slices.push({ lastMs: nowMs, hits: 1 });
    }
    return { isAdmitted: true, hits: hits + 1, waitMs: this.lengthMs };
  }
}
