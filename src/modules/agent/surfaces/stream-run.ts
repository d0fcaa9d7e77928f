import { once } from 'node:events';
import type { Response } from 'express';
import type { LoggedEvent, RunEventLog } from '../events/run-event-log.js';

/** Proxies cut what is silent for long; the contract promises a sign at least every 15 s. */
const HEARTBEAT_MS = 10_000;

export type EncodeEvent = (event: LoggedEvent) => string;

/**
 * Writes a run's events as server-sent events until its last one. Resolves `true` when the client got all of them and
 * `false` when it left before. A reader that is slower than the model holds back only itself: events wait in the run's
 * log, not in this response.
 */
export async function streamRun(
  response: Response,
  events: RunEventLog,
  encode: EncodeEvent,
): Promise<boolean> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.destroyed) gone.abort();

  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': heartbeat\n\n');
  }, HEARTBEAT_MS);
  try {
    for await (const batch of events.subscribe(gone.signal)) {
      // One write for what is there together: a write costs more than encoding many events.
      const isDrained = response.write(batch.map(encode).join(''));
      if (!isDrained) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(heartbeat);
  }
  if (gone.signal.aborted) return false;
  response.end();
  return true;
}
