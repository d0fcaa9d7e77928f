/**
 * How often the owner of an account may be asked to show that it is theirs: one count per user over every route that asks,
 * because whoever has a stolen token could guess the password on any of them, from as many addresses as they like.
 */
export interface ConfirmationLimit {
  /** Before anything is compared. Throws `rate_limited` (429). */
  take(userId: string): Promise<void>;
}

export const CONFIRMATION_LIMIT = Symbol('CONFIRMATION_LIMIT');
