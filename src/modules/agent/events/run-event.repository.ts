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

  /**
   * From where a subscriber that has seen events up to `afterId` has to go on. It is earlier where a takeover could not know
   * what had been shown: ids have been used again there, and the restart that says so has to be seen.
   */
  async resumePoint({ runId, userId }: RunReference, afterId: number): Promise<number> {
    const rows = await this.dataSource.query<EventRow[]>(
      `SELECT e.first_id, e.events FROM run_event e JOIN run r ON r.id = e.run_id
        WHERE e.run_id = $1 AND r.user_id = $2 AND NOT e.is_settled AND e.first_id <= $3 ORDER BY e.first_id`,
      [runId, userId, afterId],
    );
    const restart = rows
      .flatMap(toEvents)
      .find(({ id, event }) => event.type === 'step-restart' && event.isTailLost && id <= afterId);
    return restart ? restart.id - 1 : afterId;
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
