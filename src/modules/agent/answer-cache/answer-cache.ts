/** Where an answer is kept. */
export interface AnswerPlace {
  /** Who asked: what is kept goes with this user's data. */
  readonly userId: string;
  /** True: every user finds it. */
  readonly isShared: boolean;
  /** SHA-256 of all that shapes the answer, hexadecimal. */
  readonly key: string;
}

export interface CachedAnswer {
  /** The text, in the pieces in which it was streamed. */
  readonly pieces: readonly string[];
}

export interface FoundAnswer {
  /** `undefined`: there is none, or its time is over. */
  readonly answer: CachedAnswer | undefined;
  /** Of the user's data, for `keep`: it grows when they are erased. */
  readonly generation: number;
}

/**
 * Answers that may be given again. Whoever asks it can go on without it: implementations throw what their store throws,
 * and lose what they like.
 */
export interface AnswerCache {
  find(place: AnswerPlace): Promise<FoundAnswer>;

  /** False: the user's data were erased since `generation`, so nothing is kept. */
  keep(place: AnswerPlace, answer: CachedAnswer, options: KeepOptions): Promise<boolean>;

  /** Erases all answers that were kept for this user's questions, shared ones included, and those that are on their way. */
  forgetUser(userId: string): Promise<void>;
}

export interface KeepOptions {
  readonly ttlMs: number;
  readonly generation: number;
}

export const ANSWER_CACHE = Symbol('ANSWER_CACHE');

/** Answers of one user; the oldest make room. */
export const MAX_ANSWERS_PER_USER = 100;
