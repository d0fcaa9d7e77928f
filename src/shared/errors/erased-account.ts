import { AppError } from './app-error.js';

const FOREIGN_KEY_VIOLATION = '23503';

/**
 * A row could not be written because its user's account went while the request was on its way: the caller's token is worth
 * nothing any more. `undefined` for everything else. Keys to `user_account` are named `<table>_user_fk`.
 */
export function asErasedAccount(error: unknown): AppError | undefined {
  const { code, constraint } = ((error as { driverError?: unknown } | null)?.driverError ?? {}) as {
    code?: unknown;
    constraint?: unknown;
  };
  if (code !== FOREIGN_KEY_VIOLATION || typeof constraint !== 'string' || !constraint.endsWith('_user_fk')) {
    return undefined;
  }
  return new AppError('unauthenticated', 'token_revoked', {
    detail: 'The token is no longer valid.',
    cause: error,
  });
}
