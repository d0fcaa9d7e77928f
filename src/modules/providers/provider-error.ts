import { AppError, type ErrorKind } from '../../shared/errors/app-error.js';
import type { ProviderName } from './provider-name.js';

/**
 * Why a model call failed.
 * - `rate-limited` 429 · `overloaded` 503/529 · `server-error` other 5xx · `connection` reset, refused, broken off ·
 *   `timeout` our deadlines: all worth another try while nothing was streamed
 * - `invalid-request` 400/413/422: the same input fails everywhere, so neither retry nor fallback
 * - `authentication` 401/403, `not-found` 404: no retry; another model may do
 * - `bad-response`: the vendor answered with something that is not its protocol
 */
export type ProviderErrorReason =
  | 'rate-limited'
  | 'overloaded'
  | 'server-error'
  | 'connection'
  | 'timeout'
  | 'invalid-request'
  | 'authentication'
  | 'not-found'
  | 'bad-response';

const RETRYABLE: ReadonlySet<ProviderErrorReason> = new Set([
  'rate-limited',
  'overloaded',
  'server-error',
  'connection',
  'timeout',
]);

export class ProviderError extends Error {
  /** The vendor's HTTP status, where there was one. */
  readonly status: number | undefined;
  /** From `Retry-After` or `retry-after-ms`. */
  readonly retryAfterMs: number | undefined;
  /** For our log: the vendor's request id. Its message is never kept. */
  readonly vendorRequestId: string | undefined;

  constructor(
    readonly provider: ProviderName,
    readonly reason: ProviderErrorReason,
    options: { status?: number; retryAfterMs?: number; vendorRequestId?: string } = {},
  ) {
    // Vendor text is left out on purpose: it may repeat the prompt or the key, and messages end up in logs.
    super(`${provider}: ${reason}${options.status ? ` (HTTP ${options.status})` : ''}`);
    this.name = 'ProviderError';
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.vendorRequestId = options.vendorRequestId;
  }

  /** Whether the same call may be tried again, provided that nothing was streamed yet. */
  get isRetryable(): boolean {
    return RETRYABLE.has(this.reason);
  }

  /** Whether another model may be asked instead. */
  get allowsFallback(): boolean {
    return this.reason !== 'invalid-request';
  }
}

const OUTSIDE: Record<ProviderErrorReason, readonly [kind: ErrorKind, code: string, detail: string]> = {
  'rate-limited': ['unavailable', 'provider_unavailable', 'The model provider is busy. Try again later.'],
  overloaded: ['unavailable', 'provider_unavailable', 'The model provider is overloaded. Try again later.'],
  'server-error': ['unavailable', 'provider_unavailable', 'The model provider failed. Try again later.'],
  connection: ['unavailable', 'provider_unavailable', 'The connection to the model provider broke.'],
  timeout: ['timeout', 'provider_timeout', 'The model provider did not answer in time.'],
  'invalid-request': ['bad-upstream', 'provider_bad_response', 'The model provider refused the request.'],
  authentication: [
    'internal',
    'internal',
    'Something went wrong on our side. The request id finds it in our logs.',
  ],
  'not-found': ['bad-upstream', 'provider_bad_response', 'The model provider does not know the model.'],
  'bad-response': [
    'bad-upstream',
    'provider_bad_response',
    'The model provider gave an answer that cannot be read.',
  ],
};

const DEFAULT_RETRY_AFTER_SECONDS = 5;
/** Client libraries take a wait only up to a minute. */
const MAX_RETRY_AFTER_SECONDS = 60;

/** What a caller may see of a provider's failure. */
export function providerErrorToAppError(error: ProviderError): AppError {
  const [kind, code, detail] = OUTSIDE[error.reason];
  const seconds =
    error.retryAfterMs === undefined ? DEFAULT_RETRY_AFTER_SECONDS : Math.ceil(error.retryAfterMs / 1000);
  return new AppError(kind, code, {
    detail,
    cause: error,
    ...(kind === 'unavailable'
      ? { retryAfterSeconds: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS) }
      : {}),
  });
}
