/** What kind of failure it is. `problem-catalog.ts` maps each kind to a status; a new kind fails to compile there. */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'invalid'
  | 'rate-limited'
  | 'internal'
  | 'bad-upstream'
  | 'unavailable'
  | 'timeout';

export interface FieldError {
  /** RFC 6901 pointer into the body, for example `/message`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface AppErrorOptions {
  /** Safe to show to any caller: no vendor text, SQL, keys or another user's data. */
  readonly detail: string;
  /** Extra problem members, in the wire's snake_case (`active_run_id`, `limit_bytes`, `scope`, …). */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly FieldError[];
  /** Becomes `Retry-After` and `retry_after_s`. Whole seconds, at least 1. */
  readonly retryAfterSeconds?: number;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * The one error type that crosses module borders. Modules declare their own subclasses or factories in
 * `<module>.errors.ts`; services never throw an HttpException.
 */
export class AppError extends Error {
  readonly detail: string;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly kind: ErrorKind,
    /** Stable and part of the contract, for example `run_conflict`. */
    readonly code: string,
    options: AppErrorOptions,
  ) {
    super(`${code}: ${options.detail}`, { cause: options.cause });
    this.name = 'AppError';
    this.detail = options.detail;
    this.extensions = options.extensions ?? {};
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The one answer for what does not exist and for what is another user's. */
export function notFound(): AppError {
  return new AppError('not-found', 'not_found', { detail: 'There is no such resource.' });
}

export function validationFailed(errors: readonly FieldError[]): AppError {
  return new AppError('invalid', 'validation_failed', {
    detail: 'The request does not have the form the contract asks for.',
    errors,
  });
}
