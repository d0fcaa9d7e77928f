/** Gives a place back; further calls change nothing. */
export type ReleaseSlot = () => void;

/** A few places, and a line of those who wait for one, in the order in which they came. */
export class Slots {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(
    size: number,
    /** Whoever comes when so many wait is sent away. */
    private readonly maxWaiting = Infinity,
  ) {
    this.free = size;
  }

  /** `undefined`: the line is too long, no place came free within `withinMs`, or the signal fired. */
  async acquire(signal: AbortSignal, withinMs?: number): Promise<ReleaseSlot | undefined> {
    if (signal.aborted) return undefined;
    if (this.free > 0) {
      this.free -= 1;
      return this.releaser();
    }
    if (this.waiting.size >= this.maxWaiting) return undefined;
    return new Promise((resolve) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.waiting.delete(take);
      };
      const take = (): void => {
        leave();
        resolve(this.releaser());
      };
      const giveUp = (): void => {
        leave();
        resolve(undefined);
      };
      const timer = withinMs === undefined ? undefined : setTimeout(giveUp, withinMs);
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(take);
    });
  }

  private releaser(): ReleaseSlot {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = this.waiting;
      if (next) next();
      else this.free += 1;
    };
  }
}
