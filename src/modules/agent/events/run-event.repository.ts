import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RunReference, RunStatus } from '../run.js';
import type { LoggedEvent } from './run-event-log.js';
import { fromStoredEvents } from './stored-events.js';

/** Rows and about so many bytes per read: bounds on what one reader holds in memory. */
const BATCH = 20;
const BATCH_BYTES = 64 * 1024;

interface EventRow {
  first_id: number;
  events: string;
}

/** Where a new owner went on. */
export interface Restart {
  readonly id: number;
  /** True: ids from here on may have been shown before, with other events. */
  readonly isTailLost: boolean;
}

/** Stored events; always of one user's run. They are written by the journal, with the step that they belong to. */
@Injectable()
export class RunEventRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The next events after `afterId`, and the run's status. `undefined`: there is no such run any more. */
  async readAfter(
    { runId, userId }: RunReference,
    afterId: number,
  ): Promise<{ status: RunStatus; events: readonly LoggedEvent[] } | undefined> {
    const rows = await this.dataSource.query<(EventRow & { status: RunStatus })[]>(
      `SELECT r.status, e.first_id, e.events FROM run r
         LEFT JOIN LATERAL (
           SELECT first_id, events, sum(octet_length(events)) OVER (ORDER BY first_id) - octet_length(events) AS bytes_before
             FROM run_event WHERE run_id = r.id AND last_id > $3 ORDER BY first_id LIMIT ${BATCH}) e
           ON e.bytes_before < ${BATCH_BYTES}
        WHERE r.id = $1 AND r.user_id = $2 ORDER BY e.first_id`,
      [runId, userId, afterId],
    );
    const [first] = rows;
    if (!first) return undefined;
    return { status: first.status, events: rows.flatMap(toEvents).filter(({ id }) => id > afterId) };
  }

  /** The takeovers of a run so far, in order. */
  async restarts({ runId, userId }: RunReference): Promise<readonly Restart[]> {
    const rows = await this.dataSource.query<EventRow[]>(
      `SELECT e.first_id, e.events FROM run_event e JOIN run r ON r.id = e.run_id
        WHERE e.run_id = $1 AND r.user_id = $2 AND NOT e.is_settled AND e.events LIKE '%"type":"step-restart"%'
        ORDER BY e.first_id`,
      [runId, userId],
    );
    return rows
      .flatMap(toEvents)
      .flatMap(({ id, event }) =>
        event.type === 'step-restart' ? [{ id, isTailLost: event.isTailLost }] : [],
      );
  }
}

function toEvents({
  first_id: firstId,
  events,
}: {
  first_id: number | null;
  events: string | null;
}): LoggedEvent[] {
  return firstId === null || events === null ? [] : fromStoredEvents(firstId, events);
}
