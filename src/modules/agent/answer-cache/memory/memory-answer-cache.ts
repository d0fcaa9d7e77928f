import { LRUCache } from 'lru-cache';
import {
  type AnswerCache,
  type AnswerPlace,
  type CachedAnswer,
  type FoundAnswer,
  type KeepOptions,
  MAX_ANSWERS_PER_USER,
} from '../answer-cache.js';

const MAX_BYTES = 32 * 1024 * 1024;
/** Generations of users that were erased lately; a run that began before is over by the time that one is forgotten. */
const MAX_ERASED = 10_000;

interface Entry {
  readonly userId: string;
  readonly answer: CachedAnswer;
}

/** For one replica: a bounded share of its memory. */
export class MemoryAnswerCache implements AnswerCache {
  private readonly keysOf = new Map<string, Set<string>>();
  private readonly generations = new LRUCache<string, number>({ max: MAX_ERASED });
  private readonly entries: LRUCache<string, Entry>;

  constructor(maxBytes = MAX_BYTES) {
    this.entries = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ answer }, key) => sizeOf(answer) + key.length,
      ttlResolution: 0,
      dispose: ({ userId }, key) => this.dropFromIndex(userId, key),
    });
  }

  async find(place: AnswerPlace): Promise<FoundAnswer> {
    const answer = this.entries.get(keyOf(place))?.answer;
    return { answer, generation: this.generationOf(place.userId) };
  }

  async keep(place: AnswerPlace, answer: CachedAnswer, { ttlMs, generation }: KeepOptions): Promise<boolean> {
    const { userId } = place;
    if (this.generationOf(userId) !== generation) return false;
    const key = keyOf(place);
    this.entries.set(key, { userId, answer }, { ttl: ttlMs });
    // Larger than everything: it was not taken.
    if (!this.entries.has(key)) return false;
    const keys = this.keysOf.get(userId) ?? new Set();
    this.keysOf.set(userId, keys.add(key));
    if (keys.size > MAX_ANSWERS_PER_USER) this.entries.delete(keys.values().next().value!);
    return true;
  }

  async forgetUser(userId: string): Promise<void> {
    this.generations.set(userId, this.generationOf(userId) + 1);
    for (const key of [...(this.keysOf.get(userId) ?? [])]) this.entries.delete(key);
  }

  private generationOf(userId: string): number {
    return this.generations.get(userId) ?? 0;
  }

  private dropFromIndex(userId: string, key: string): void {
    const keys = this.keysOf.get(userId);
    keys?.delete(key);
    if (keys?.size === 0) this.keysOf.delete(userId);
  }
}

/** Two bytes a character, and what each piece costs beside its text. */
function sizeOf({ pieces }: CachedAnswer): number {
  return pieces.reduce((sum, piece) => sum + 2 * piece.length + 32, 64);
}

function keyOf({ userId, isShared, key }: AnswerPlace): string {
  return `${isShared ? 'shared' : userId}:${key}`;
}
