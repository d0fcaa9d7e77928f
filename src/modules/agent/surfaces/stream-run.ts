import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Response } from 'express';
import type { LoggedEvent } from '../events/run-event-log.js';
import type { FeedEnd } from '../events/run-event-feed.js';

/** Proxies cut what is silent for long; the contract promises a sign at least every 15 s. */
const HEARTBEAT_MS = 10_000;
/** A piece that a reader has to take before the next one is encoded: a bound on what one slow reader costs. */
const MAX_PIECE_CHARACTERS = 64 * 1024;

/** How long a reader has for what is left when it may not read any further. */
const FAREWELL_MS = 500;

/** The form of a stream on one surface. */
export interface StreamEncoding {
  event(event: LoggedEvent): string;
  /** What is said when the stream ends before the run does. */
  brokenOff(end: 'gone' | 'shutting_down' | 'revoked'): string;
}

export type SubscribeToRun = (signal: AbortSignal) => AsyncGenerator<readonly LoggedEvent[], FeedEnd>;

export interface StreamLimits {
  /** How long a reader may take for one piece. */
  readonly writeTimeoutMs: number;
  /** Fires when the reader may not read any further. */
  readonly revoked: AbortSignal;
}

/**
 * Writes a run's events as server-sent events until its last one. Resolves `false` when the client left before. A reader
 * that is slower than the model holds back only itself: events wait in the run's log, not in this response. One that does
 * not take a piece within `writeTimeoutMs` is let go; it may come back and go on where it was. One whose credential is
 * revoked is told so, and counts as one that left.
 */
export async function streamRun(
  response: Response,
  subscribe: SubscribeToRun,
  encoding: StreamEncoding,
  { writeTimeoutMs, revoked }: StreamLimits,
): Promise<boolean> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  const ended = AbortSignal.any([gone.signal, revoked]);

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
    const batches = subscribe(ended);
    for (;;) {
      const next = await batches.next();
      if (next.done) {
        if (next.value === 'gone' || next.value === 'shutting_down') {
          response.write(encoding.brokenOff(next.value));
        }
        break;
      }
      for (const piece of piecesOf(next.value, encoding)) {
        if (ended.aborted) break;
        if (!response.write(piece)) await drained(response, ended, writeTimeoutMs);
      }
    }
  } finally {
    clearInterval(heartbeat);
  }
  if (gone.signal.aborted) return false;
  if (revoked.aborted) {
    // A reader that takes nothing must not keep the connection open for it.
    response.end(encoding.brokenOff('revoked'));
    setTimeout(() => response.destroy(), FAREWELL_MS).unref();
    return false;
  }
  response.end();
  return true;
}

/** One write for what is there together, up to a bound: a write costs more than encoding many events. */
function* piecesOf(batch: readonly LoggedEvent[], encoding: StreamEncoding): Generator<string> {
  let piece = '';
  for (const event of batch) {
    piece += encoding.event(event);
    if (piece.length < MAX_PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function drained(response: Response, signal: AbortSignal, withinMs: number): Promise<void> {
  const patience = AbortSignal.timeout(withinMs);
  await once(response, 'drain', { signal: AbortSignal.any([signal, patience]) }).catch(() => undefined);
  if (!patience.aborted || signal.aborted) return;
  // Timers come first: after a stall of this process, what the reader has taken meanwhile is only known a turn later.
  await nextTurn();
  if (response.writableNeedDrain) response.destroy();
}
