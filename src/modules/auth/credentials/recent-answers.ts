import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../shared/context/clock.js';

/** How long a change of tier or permissions, a logout or a disabled account may go unnoticed where nobody was told of it. */
export const PRINCIPAL_TTL_MS = 3_000;
const MAX_ANSWERS = 10_000;

interface Entry<T> {
  readonly askedAtMs: number;
  readonly answer: Promise<T>;
  /** Known once there is an answer that has one. */
  owner?: string;
}

/** What the database said about credentials, at most PRINCIPAL_TTL_MS ago. Failures are not kept. */
export class RecentAnswers<T> {
  private readonly entries = new LRUCache<string, Entry<T>>({ max: MAX_ANSWERS });

  /** `ownerOf`: whose answer it is, where it is known. */
  constructor(
    private readonly clock: Clock,
    private readonly ownerOf: (answer: T) => string | undefined,
  ) {}

  /** Many questions at once ask the database once; an answer's age counts from the question. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const nowMs = this.clock.monotonicMs();
    const known = this.entries.get(key);
    if (known && nowMs - known.askedAtMs < PRINCIPAL_TTL_MS) return known.answer;
    const entry: Entry<T> = { askedAtMs: nowMs, answer: ask() };
    this.entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        const owner = this.ownerOf(answer);
        if (owner !== undefined) entry.owner = owner;
      },
      () => {
        if (this.entries.peek(key) === entry) this.entries.delete(key);
      },
    );
    return entry.answer;
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  /** Something about this user has changed. Answers that nobody owns, or that are still awaited, might be theirs. */
  forgetUser(userId: string): void {
    for (const [key, entry] of [...this.entries.entries()]) {
      if (entry.owner === undefined || entry.owner === userId) this.entries.delete(key);
    }
  }
}
