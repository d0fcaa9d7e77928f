import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from './api-client.js';
import { readEvents, type StreamedEvent } from './sse-client.js';

/** Between two attempts, so that a dead replica is not asked a thousand times a second. */
const PAUSE_MS = 20;

export interface FollowOptions {
  /** Only what came after this event. */
  readonly lastEventId?: number;
  readonly signal?: AbortSignal;
}

/** `GET /agent/runs/{id}/events` over one connection. Ends with it, and throws when it breaks. */
export async function* followRun(
  client: ApiClient,
  runId: string,
  { lastEventId, signal }: FollowOptions = {},
): AsyncGenerator<StreamedEvent> {
  const headers: Record<string, string> =
    lastEventId === undefined ? {} : { 'last-event-id': `${lastEventId}` };
  const response = await client.get(`/api/v1/agent/runs/${runId}/events`, headers, signal);
  yield* readStream(response);
}

/**
 * Follows a run to its last event as a good client does: when a connection breaks, ends early or stays silent for
 * `patienceMs`, it goes on with the next replica after the last event that it has. Throws when `withinMs` are over.
 */
export async function* followRunAcross(
  clients: readonly ApiClient[],
  runId: string,
  options: FollowOptions & { readonly patienceMs?: number; readonly withinMs?: number } = {},
): AsyncGenerator<StreamedEvent> {
  const { signal, patienceMs = 2_000, withinMs = 30_000 } = options;
  const deadline = AbortSignal.timeout(withinMs);
  let { lastEventId } = options;
  for (let attempt = 0; ; attempt += 1) {
    const impatient = new AbortController();
    const timer = setTimeout(() => impatient.abort(), patienceMs);
    const connection = AbortSignal.any([impatient.signal, deadline, ...(signal ? [signal] : [])]);
    const client = clients[attempt % clients.length]!;
    const from = lastEventId === undefined ? {} : { lastEventId };
    try {
      for await (const event of followRun(client, runId, { ...from, signal: connection })) {
        timer.refresh();
        // No event of the run but a word of the server: it goes down, and the run goes on elsewhere.
        if (Number.isNaN(event.id)) continue;
        lastEventId = event.id;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      // A refusal is an answer; only a connection is tried again.
      if (error instanceof UnexpectedAnswer && error.status < 500) throw error;
    } finally {
      clearTimeout(timer);
    }
    signal?.throwIfAborted();
    if (deadline.aborted)
      throw new Error(`The run did not end within ${withinMs} ms; last event: ${lastEventId ?? 'none'}`);
    await wait(PAUSE_MS);
  }
}

/** The events of an open stream, of whatever route. Throws when it is refused, and when the connection breaks. */
export async function* readStream(response: Response): AsyncGenerator<StreamedEvent> {
  if (response.status !== 200) throw new UnexpectedAnswer(response.status, await response.text());
  yield* readEvents(response.body!);
}

export interface StreamRead {
  readonly events: readonly StreamedEvent[];
  /** The server went away, or the reader did. */
  readonly isBroken: boolean;
}

/** Reads an open stream as far as it goes: for a replica that dies in the middle. */
export async function readStreamRaw(response: Response): Promise<StreamRead> {
  return collect(readStream(response));
}

/** Collects events until they end or the connection breaks. A refusal still throws. */
export async function collect(source: AsyncIterable<StreamedEvent>): Promise<StreamRead> {
  const events: StreamedEvent[] = [];
  try {
    for await (const event of source) events.push(event);
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw error;
    return { events, isBroken: true };
  }
  return { events, isBroken: false };
}

export interface Cut {
  /** For the request. */
  readonly signal: AbortSignal;
  /** The first events of the stream; then the connection is gone. */
  take(source: AsyncIterable<StreamedEvent>): Promise<StreamedEvent[]>;
}

/** A client that leaves after `count` events, or after the first that `count` holds for. */
export function cutAfter(count: number | ((event: StreamedEvent) => boolean)): Cut {
  const leave = new AbortController();
  return {
    signal: leave.signal,
    async take(source) {
      const events: StreamedEvent[] = [];
      for await (const event of source) {
        events.push(event);
        if (typeof count === 'number' ? events.length >= count : count(event)) break;
      }
      leave.abort();
      return events;
    },
  };
}

/** Is this the one event that ends every run's stream? A `run-error` without an id only ends the connection. */
export function isLast({ event, id }: StreamedEvent): boolean {
  return (event === 'run-end' || event === 'run-error') && !Number.isNaN(id);
}

/** What came over the wire, without comments. */
export function rawText(events: readonly StreamedEvent[]): string {
  return events.map(({ raw }) => raw).join('');
}

/** Fails unless the ids count up one by one. */
export function assertGapFree(ids: readonly number[], first = 1): void {
  const wrong = ids.findIndex((id, index) => id !== first + index);
  if (wrong >= 0)
    throw new Error(`Event ${wrong + 1} should have the id ${first + wrong}; the ids are ${ids.join(', ')}`);
}

/** A stream that was refused. */
export class UnexpectedAnswer extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`expected a stream, got ${status}: ${body}`);
    this.name = 'UnexpectedAnswer';
  }
}
