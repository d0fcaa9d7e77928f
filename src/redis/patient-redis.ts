import { Redis, type RedisOptions } from 'ioredis';

/** A connection that owes an answer and is silent for so long is closed, and another one made. */
const SILENCE_MS = 250;
/** A timer that fires later than this by so much says more about this process than about Redis. */
const OWN_STALL_MS = 50;
/** However often this process stalls: longer than this nobody waits. */
const MAX_SILENCE_MS = 2_000;

interface Watch {
  timer: NodeJS.Timeout;
  readonly since: number;
}

/**
 * Redis with a deadline that is fair to it: time in which this process was too busy to read does not count. When hundreds of
 * requests arrive at once, their answers lie in the socket for longer than any of them may take; the driver's own timers
 * would fire before they are read.
 */
export class PatientRedis extends Redis {
  #watch: Watch | undefined;

  constructor(url: string, options: RedisOptions) {
    super(url, { ...options, commandTimeout: MAX_SILENCE_MS });
  }

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const answer = super.sendCommand(...args);
    this.#expectAnswer();
    return answer;
  }

  #expectAnswer(): void {
    const { stream } = this;
    if (this.#watch || !stream || this['commandQueue'].length === 0) return;
    const watch: Watch = { timer: setTimeout(() => undefined), since: performance.now() };
    const forget = (): void => {
      clearTimeout(watch.timer);
      stream.off('data', onData);
      stream.off('close', forget);
      if (this.#watch === watch) this.#watch = undefined;
    };
    const onData = (): void => {
      forget();
      this.#expectAnswer();
    };
    const wait = (): void => {
      clearTimeout(watch.timer);
      const dueMs = performance.now() + SILENCE_MS;
      watch.timer = setTimeout(() => {
        const nowMs = performance.now();
        if (nowMs - dueMs > OWN_STALL_MS && nowMs - watch.since < MAX_SILENCE_MS) return wait();
        // What has arrived meanwhile is read before this.
        setImmediate(() => {
          if (this.#watch === watch) stream.destroy(new Error(`Redis was silent for ${SILENCE_MS} ms`));
        });
      }, SILENCE_MS);
    };
    this.#watch = watch;
    stream.once('data', onData);
    stream.once('close', forget);
    wait();
  }
}
