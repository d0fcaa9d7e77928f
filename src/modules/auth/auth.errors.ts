import { AppError } from '../../shared/errors/app-error.js';

/**
 * One answer for everything that is wrong with a token, so that nothing is learned about which check it failed: absent,
 * garbage, unsigned, signed by somebody else, for another issuer or audience, not an access token.
 */
export function unauthenticated(cause?: unknown): AppError {
  return new AppError('unauthenticated', 'unauthenticated', {
    detail: 'A valid access token is needed.',
    cause,
  });
}

/** It was good once; the client should use its refresh token. */
export function tokenExpired(): AppError {
  return new AppError('unauthenticated', 'token_expired', { detail: 'The token has expired.' });
}

/** Its session was ended, or its account is disabled or gone: log in again. */
export function tokenRevoked(): AppError {
  return new AppError('unauthenticated', 'token_revoked', { detail: 'The token is no longer valid.' });
}

/** The same for an unknown address, a wrong password and a disabled account. */
export function loginFailed(): AppError {
  return new AppError('unauthenticated', 'unauthenticated', {
    detail: 'The email or the password is wrong.',
  });
}

/** A refresh token that was never given out. */
export function unknownRefreshToken(): AppError {
  return new AppError('unauthenticated', 'unauthenticated', { detail: 'A valid refresh token is needed.' });
}

export function forbidden(): AppError {
  return new AppError('forbidden', 'forbidden', { detail: 'You may not do this.' });
}

/**
 * 409 `email_taken`. Whoever may register learns whether an address has an account; a system where that matters turns
 * registration off.
 */
export function emailTaken(): AppError {
  return new AppError('conflict', 'email_taken', { detail: 'There is an account with this email already.' });
}

/** 409 `last_administrator`. Without one nobody could ever make another. */
export function lastAdministrator(): AppError {
  return new AppError('conflict', 'last_administrator', {
    detail: 'This is the last administrator. Make another one first.',
  });
}

/** 403 `not_confirmed`. A stolen token alone erases nothing. */
export function notConfirmed(): AppError {
  return new AppError('forbidden', 'not_confirmed', {
    detail: 'Confirm with the password of this account, or with its email where it has no password.',
  });
}
