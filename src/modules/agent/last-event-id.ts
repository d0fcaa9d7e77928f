import { validationFailed } from '../../shared/errors/app-error.js';

/** Ids are 32-bit in the database; no run comes near. */
const MAX_ID = 2_147_483_647;

/**
 * The id of the last event that a reader has seen, from its `Last-Event-ID` header. Left out or empty, as browsers send it
 * at first: 0, so everything. Throws `validation_failed` for what is no such id.
 */
export function parseLastEventId(header: string | undefined): number {
  if (header === undefined || header === '') return 0;
  const id = /^\d{1,10}$/.test(header) ? Number(header) : Infinity;
  if (id > MAX_ID) {
    throw validationFailed([{ pointer: '/headers/last-event-id', detail: 'must be the id of an event' }]);
  }
  return id;
}
