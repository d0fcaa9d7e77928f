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

/** The token may be good: nobody can say so now. */
export function identityProviderAway(cause: unknown): AppError {
  return new AppError('unavailable', 'dependency_unavailable', {
    detail: 'The keys of the identity provider cannot be had now. Try again in a moment.',
    retryAfterSeconds: 5,
    cause,
  });
}

/** A refresh token that was never given out. */
export function unknownRefreshToken(): AppError {
  return new AppError('unauthenticated', 'unauthenticated', { detail: 'A valid refresh token is needed.' });
}

/** The token of a mail that was never sent, was used, or is too old: which of it is nobody's business. */
export function invalidMailToken(): AppError {
  return new AppError('unauthenticated', 'unauthenticated', {
    detail: 'The token of the mail is not valid, or not any more. Ask for another mail.',
  });
}

/** Of accounts that log in elsewhere, or not at all. */
export function noPassword(): AppError {
  return new AppError('forbidden', 'forbidden', { detail: 'This account has no password here.' });
}

export function forbidden(): AppError {
  return new AppError('forbidden', 'forbidden', { detail: 'You may not do this.' });
}

/** A key may not make other credentials, nor change how its owner logs in. */
export function apiKeyRefused(): AppError {
  return new AppError('forbidden', 'forbidden', { detail: 'An API key may not do this. Log in.' });
}

/** Whoever came with the token of an outside provider, or with a key, has no session here. */
export function sessionNeeded(): AppError {
  return new AppError('forbidden', 'forbidden', {
    detail: 'Only a session of this server can do this. Log in.',
  });
}

/** 409 `too_many_api_keys`. */
export function tooManyApiKeys(limit: number): AppError {
  return new AppError('conflict', 'too_many_api_keys', {
    detail: 'There are as many API keys as an account may have. Revoke one first.',
    extensions: { limit },
  });
}

/** 409 `name_taken`. */
export function nameTaken(): AppError {
  return new AppError('conflict', 'name_taken', {
    detail: 'There is a service account with this name already.',
  });
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
