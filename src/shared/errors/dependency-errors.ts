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
/** Redis: what it answers when it cannot do its work now. Other refusals, such as WRONGTYPE, are our own faults. */
const REDIS_REPLIES =
  /^(LOADING|READONLY|OOM|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|MISCONF|NOREPLICAS|BUSY|NOAUTH|WRONGPASS)\b/;
/** Messages of its driver that carry no code: no connection, none in time, no answer in time. */
const REDIS_MESSAGES =
  /^(Stream isn't writeable|Connection is closed|Command timed out|Reached the max retries per request|Socket timeout)/;

const RETRY_AFTER_SECONDS = 2;

/** A database or a Redis that cannot do its work now is no bug: that is answered as 503. `undefined` for everything else. */
export function asUnavailable(error: unknown): AppError | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    const { code } = current as { code?: unknown };
    const isKnown =
      (typeof code === 'string' && (DATABASE_STATES.test(code) || SOCKET_CODES.has(code))) ||
      POOL_MESSAGES.test(current.message) ||
      (current.name === 'ReplyError' && REDIS_REPLIES.test(current.message)) ||
      REDIS_MESSAGES.test(current.message);
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
