import type { RunEvent } from '../loop/run-events.js';
import type { LoggedEvent } from './run-event-log.js';

/*
 * Events as text, for the database and for Redis. Written and read again they encode to the same bytes on every surface:
 * members keep their order, and what PostgreSQL's jsonb would refuse or change (U+0000, lone surrogates) stays escaped.
 */

/** About so much text goes into one row: a bound on what a reader has to hold at once. One event is never divided. */
const MAX_ROW_CHARACTERS = 64 * 1024;

export interface StoredRow {
  readonly firstId: number;
  readonly lastId: number;
  readonly text: string;
}

/** What is committed together, in as few rows as the bound allows: mostly one. */
export function toStoredRows(events: readonly LoggedEvent[]): StoredRow[] {
  const rows: StoredRow[] = [];
  let texts: string[] = [];
  let size = 0;
  events.forEach(({ id, event }, index) => {
    const text = toStoredText(event);
    texts.push(text);
    size += text.length;
    if (size < MAX_ROW_CHARACTERS && index < events.length - 1) return;
    rows.push({ firstId: id + 1 - texts.length, lastId: id, text: `[${texts.join(',')}]` });
    texts = [];
    size = 0;
  });
  return rows;
}

/** The events alone: their ids are consecutive, so the first one's is enough. */
export function toStoredEvents(events: readonly LoggedEvent[]): string {
  return `[${events.map(({ event }) => toStoredText(event)).join(',')}]`;
}

function toStoredText(event: RunEvent): string {
  return JSON.stringify(event, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

export function fromStoredEvents(firstId: number, text: string): LoggedEvent[] {
  return (JSON.parse(text) as RunEvent[]).map((event, index) => ({
    id: firstId + index,
    event: revive(event),
  }));
}

/** Money is a bigint in the code and decimal text in JSON. */
function revive(event: RunEvent): RunEvent {
  switch (event.type) {
    case 'step-end':
    case 'run-error':
      return withCost(event);
    case 'run-end':
      return { ...event, answer: withCost(event.answer) };
    default:
      return event;
  }
}

function withCost<T extends { readonly cost: bigint | undefined }>(priced: T): T {
  const { cost } = priced as { readonly cost?: unknown };
  return { ...priced, cost: typeof cost === 'string' ? BigInt(cost) : undefined };
}
