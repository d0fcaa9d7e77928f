import { Injectable } from '@nestjs/common';

/** Whose traces are to go. */
export interface ErasedUser {
  readonly id: string;
  /** As it was stored: lower case. Null: the account has none. */
  readonly email: string | null;
  /** Their runs that may have left something in a cache: those that are going on, and those of the last day. */
  readonly runIds: readonly string[];
}

/**
 * Somewhere else than in the tables of the database where something of a user may be: a cache, a counter. Whoever has such
 * a place registers for it when its module starts.
 */
export interface ErasureParticipant {
  /** For the proof, for example `live_events`. */
  readonly name: string;
  /**
   * Resolves when nothing of the user is left there, and nothing of these runs can come any more. Called more than once;
   * there may be nothing. Takes a bounded time. Throws when it cannot be done now: then the whole erasure is tried again.
   */
  erase(user: ErasedUser): Promise<void>;
}

/** All of them. */
@Injectable()
export class ErasureParticipants {
  private readonly all: ErasureParticipant[] = [];

  register(participant: ErasureParticipant): void {
    this.all.push(participant);
  }

  /** Returns the names of those that took part. Throws what the first of them throws. */
  async erase(user: ErasedUser): Promise<readonly string[]> {
    await Promise.all(this.all.map((participant) => participant.erase(user)));
    return this.all.map(({ name }) => name).sort();
  }
}
