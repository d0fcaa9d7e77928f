/** An account that nobody can use any more and that is being erased. */
export interface ClosedAccount {
  readonly id: string;
  readonly email: string | null;
}
