/** Characters, not UTF-16 units. */
export const MAX_FACT_LENGTH = 1_000;

/** A fact that a user wants remembered. Data for models, never an instruction. */
export interface RememberedFact {
  readonly id: string;
  readonly text: string;
  /** `tool`: a model wrote it down. */
  readonly origin: 'user' | 'tool';
  /** A text that strangers wrote was in the conversation then: it may be theirs. */
  readonly isTainted: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewFact = Pick<RememberedFact, 'text' | 'origin' | 'isTainted'>;
