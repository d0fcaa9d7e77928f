import { until } from '../until.js';
import { collect, readStream, type StreamRead } from './follow-run.js';
import type { StreamedEvent } from './sse-client.js';

/** A stream that is read while the test goes on. */
export class Reading {
  /** What has come so far. */
  readonly events: StreamedEvent[] = [];
  readonly whole: Promise<StreamRead>;
  private over = false;

  /** Throws when the stream was refused. */
  static async of(response: Response | Promise<Response>): Promise<Reading> {
    const reading = new Reading(readStream(await response));
    await reading.has(1);
    if (reading.isOver) await reading.whole;
    return reading;
  }

  private constructor(source: AsyncIterable<StreamedEvent>) {
    this.whole = this.read(source);
    // Whoever waits for the events hears of a failure from there.
    this.whole.catch(() => undefined);
  }

  get isOver(): boolean {
    return this.over;
  }

  get runId(): string {
    return this.events[0]!.data.run_id!;
  }

  get sessionId(): string {
    return this.events[0]!.data.session_id!;
  }

  /** Waits until so many events have come, or the stream is over. */
  async has(count: number, withinMs = 10_000): Promise<void> {
    await until(() => this.over || this.events.length >= count, withinMs);
  }

  private async read(source: AsyncIterable<StreamedEvent>): Promise<StreamRead> {
    try {
      return await collect(this.keep(source));
    } finally {
      this.over = true;
    }
  }

  private async *keep(source: AsyncIterable<StreamedEvent>): AsyncGenerator<StreamedEvent> {
    for await (const event of source) {
      this.events.push(event);
      yield event;
    }
  }
}
