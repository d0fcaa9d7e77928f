import { AppError } from './app-error.js';

/** PostgreSQL: connection lost, no such database or login, shutting down, no room, read-only, statement timeout, given up. */
const DATABASE_STATES = /^(08|28|3D|57P|53|25006|57014|40001|40P01)/;
const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Messages of the driver's pool that carry no code. */
const POOL_MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after/i;

const RETRY_AFTER_SECONDS = 2;

/** A database that cannot be reached is no bug: it is answered as 503. `undefined` for everything else. */
export function asUnavailable(error: unknown): AppError | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    const { code } = current as { code?: unknown };
    const isKnown =
      (typeof code === 'string' && (DATABASE_STATES.test(code) || SOCKET_CODES.has(code))) ||
      POOL_MESSAGES.test(current.message);
    if (isKnown) {
      return new AppError('unavailable', 'dependency_unavailable', {
        detail: 'A service that Perch depends on is not available. Try again in a moment.',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: error,
      });
    }
    current = (current as { driverError?: unknown }).driverError ?? current.cause;
  }
  return undefined;
}
