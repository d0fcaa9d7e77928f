/** An account that nobody can use any more and that is being erased. */
export interface ClosedAccount {
  readonly id: string;
  readonly email: string | null;
}

/** How callers say that they mean it. */
export interface ErasureConfirmation {
  readonly password?: string;
  /** For accounts without a password. */
  readonly email?: string;
}
