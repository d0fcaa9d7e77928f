import { addUsage, NO_USAGE, type Usage } from '../llm/usage.js';
import type { PicoUsd } from '../money/usd.js';

/**
 * Counts what one request's run uses. The quota guard makes it with the reservation, the run adds each model call to it
 * as soon as that call has ended, and the token accounting interceptor settles the reservation once nobody holds it.
 *
 * A run that outlives its HTTP request holds the meter until it ends, so that a client that left is charged exactly.
 */
export class UsageMeter {
  private sum: Usage = NO_USAGE;
  private spent: PicoUsd = 0n;
  private calls = 0;
  private holders = 0;
  private waiting: (() => void)[] = [];

  /** `cost` is undefined where the model's price is unknown. */
  add(usage: Usage, cost: PicoUsd | undefined): void {
    this.sum = addUsage(this.sum, usage);
    this.spent += cost ?? 0n;
    this.calls += 1;
  }

  get usage(): Usage {
    return this.sum;
  }

  get cost(): PicoUsd {
    return this.spent;
  }

  /** 0 means that nothing was sent to a model: the request is given back whole. */
  get modelCalls(): number {
    return this.calls;
  }

  /** Call the returned function exactly once, when the holder adds nothing more. */
  hold(): () => void {
    this.holders += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.holders -= 1;
      if (this.holders === 0) for (const wake of this.waiting.splice(0)) wake();
    };
  }

  /** Resolves once nobody holds the meter. */
  settled(): Promise<void> {
    return this.holders === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }
}
