/** A few places, and those who wait for one in the order in which they came. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** Resolves to what gives the place back, or to `undefined` when none came free in time. */
  async acquire(withinMs: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.free > 0) this.free -= 1;
    else if (!(await this.wait(withinMs, signal))) return undefined;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    };
  }

  private wait(withinMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasSlot: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(hasSlot);
      };
      const take = (): void => end(true);
      const giveUp = (): void => {
        const place = this.waiting.indexOf(take);
        if (place !== -1) this.waiting.splice(place, 1);
        end(false);
      };
      const timer = setTimeout(giveUp, withinMs);
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(take);
    });
  }
}
