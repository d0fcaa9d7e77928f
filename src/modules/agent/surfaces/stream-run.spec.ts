import { EventEmitter } from 'node:events';
import { jest } from '@jest/globals';
import type { Response } from 'express';
import type { FeedEnd } from '../events/run-event-feed.js';
import type { LoggedEvent } from '../events/run-event-log.js';
import { nativeEncoding } from './native/encode-run-event.js';
import { streamRun } from './stream-run.js';

const RUN = { runId: 'a-run', sessionId: 'a-session', userId: 'a-user' };

/** A response that keeps what is written, and never has to wait. */
class KeptResponse extends EventEmitter {
  readonly headers: Record<string, unknown> = {};
  readonly writableNeedDrain = false;
  readonly destroyed = false;
  text = '';

  writeHead(_status: number, headers: object): void {
    Object.assign(this.headers, headers);
  }
  flushHeaders(): void {}
  write(piece: string): boolean {
    this.text += piece;
    return true;
  }
  end(): void {}
}

/** A reader that takes nothing for now. */
class FullResponse extends EventEmitter {
  writableNeedDrain = false;
  destroyed = false;

  constructor(private readonly onFull: (response: FullResponse) => void) {
    super();
  }

  writeHead(): void {}
  flushHeaders(): void {}
  write(): boolean {
    this.writableNeedDrain = true;
    this.onFull(this);
    return false;
  }
  drain(): void {
    this.writableNeedDrain = false;
    this.emit('drain');
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  end(): void {}
}

async function* feed(
  events: readonly LoggedEvent[],
  meanwhile: () => Promise<void> = async () => undefined,
): AsyncGenerator<readonly LoggedEvent[], FeedEnd> {
  await meanwhile();
  yield events;
  return 'complete';
}

const delta = (text: string): LoggedEvent => ({
  id: 1,
  event: { type: 'text-delta', step: 1, delta: text },
});

const LIMITS = { writeTimeoutMs: 1_000, revoked: new AbortController().signal };

describe(streamRun.name, () => {
  afterEach(() => jest.useRealTimers());

  it('F58: sends a sign at least every 15 s while a tool works, and asks proxies to hold nothing back', async () => {
    jest.useFakeTimers();
    const response = new KeptResponse();
    const signs: number[] = [];
    const aMinute = async (): Promise<void> => {
      for (let second = 1; second <= 60; second += 1) {
        const before = response.text.length;
        await jest.advanceTimersByTimeAsync(1_000);
        if (response.text.length > before) signs.push(second);
      }
    };
    await streamRun(
      response as unknown as Response,
      () => feed([delta('at last')], aMinute),
      nativeEncoding(RUN),
      LIMITS,
    );
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    const gaps = [...signs, 60].map((second, index) => second - (signs[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15);
    // Comments: no event of the run, and without an id.
    expect(response.text).toMatch(/^(: heartbeat\n\n)+id: 1\nevent: text-delta\n/);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    'done\n\ndata: {"type":"done"}\n\n',
    'done\r\n\r\nevent: run-end\r\ndata: {}\r\n\r\n',
    'done\r\rid: 99\rdata: {}',
    '\u2028\u2029\u0085data: {}',
  ])('F59: keeps what a model says within its own event: %j', async (text) => {
    const response = new KeptResponse();
    await streamRun(response as unknown as Response, () => feed([delta(text)]), nativeEncoding(RUN), LIMITS);
    const lines = response.text.split(/\r\n|\r|\n/);
    expect(lines).toHaveLength(5);
    expect(lines.slice(0, 2)).toEqual(['id: 1', 'event: text-delta']);
    expect(JSON.parse(lines[2]!.slice('data: '.length))).toEqual({ step: 1, delta: text });
    expect(lines.slice(3)).toEqual(['', '']);
  });

  it('F28: lets a reader go that takes nothing within its time', async () => {
    const response = new FullResponse(() => undefined);
    const limits = { ...LIMITS, writeTimeoutMs: 1 };
    const stream = streamRun(
      response as unknown as Response,
      () => feed([delta('a')]),
      nativeEncoding(RUN),
      limits,
    );
    expect(await stream).toBe(false);
    expect(response.destroyed).toBe(true);
  });

  it('F28: does not hold against a reader that this process was busy while it read', async () => {
    const response = new FullResponse((full) =>
      setImmediate(() => {
        // Longer than the reader has. What it took meanwhile is known one turn later, after the timers.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        setImmediate(() => full.drain());
      }),
    );
    const limits = { ...LIMITS, writeTimeoutMs: 5 };
    const stream = streamRun(
      response as unknown as Response,
      () => feed([delta('a')]),
      nativeEncoding(RUN),
      limits,
    );
    expect(await stream).toBe(true);
    expect(response.destroyed).toBe(false);
  });
});
