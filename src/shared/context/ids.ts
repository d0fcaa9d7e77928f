import { v7 } from 'uuid';

/** Ids are injected, so that tests can name them. */
export interface Ids {
  /** A UUIDv7: sorts by time of creation. */
  next(): string;
}

export const IDS = Symbol('IDS');

export const uuidV7Ids: Ids = { next: () => v7() };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** A path id that is no UUID cannot exist: callers answer it like a missing one. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
