import { McpFailure } from './mcp-failure.js';

/** How many may wait for their turn, for each that may run. */
const WAITING_PER_TURN = 8;

/** Lets so many calls to one server run at a time; the others wait, and beyond a bound are turned away. */
export class CallGate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Throws `McpFailure`: `busy` when too many wait already, `cancelled` when the signal fires before the turn. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.turn(signal);
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new McpFailure('cancelled');
    if (this.running >= this.limit) {
      if (this.waiting.length >= this.limit * WAITING_PER_TURN) throw new McpFailure('busy');
      await this.waited(signal);
    }
    this.running += 1;
  }

  private waited(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        reject(new McpFailure('cancelled'));
      };
      this.waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
