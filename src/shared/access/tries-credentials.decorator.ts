import { SetMetadata } from '@nestjs/common';

export const TRIES_CREDENTIALS = 'perch:tries-credentials';

export interface CredentialsTrial {
  /**
   * The account whose password is tried, the same for every way of writing it and not longer than a name may be; `undefined`
   * when the body, which nobody has validated yet, names none. Left out where no account's password is tried.
   */
  readonly accountOf?: (body: unknown) => string | undefined;
}

/** Marks routes on which secrets could be guessed: they have a limit of their own, before anybody is known. */
export const TriesCredentials = (trial: CredentialsTrial = {}): MethodDecorator =>
  SetMetadata(TRIES_CREDENTIALS, trial);
