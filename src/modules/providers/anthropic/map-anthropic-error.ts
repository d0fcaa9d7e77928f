import { APIError } from '@anthropic-ai/sdk';
import { ProviderError, type ProviderErrorReason } from '../provider-error.js';
import { httpProviderError } from '../wire/http-provider-error.js';

/** `undefined` for what the SDK did not throw on the vendor's or the network's behalf. */
export function mapAnthropicError(error: unknown): ProviderError | undefined {
  if (!isApiError(error)) return undefined;
  const { status, headers, requestID: requestId } = error;
  if (status === undefined) return new ProviderError('anthropic', 'connection');
  return httpProviderError('anthropic', { status, headers, requestId });
}

const REASONS: ReadonlyMap<unknown, ProviderErrorReason> = new Map([
  ['overloaded_error', 'overloaded'],
  ['rate_limit_error', 'rate-limited'],
  ['api_error', 'server-error'],
  ['timeout_error', 'server-error'],
  ['conflict_error', 'server-error'],
  ['invalid_request_error', 'invalid-request'],
  ['request_too_large', 'invalid-request'],
  ['authentication_error', 'authentication'],
  ['permission_error', 'authentication'],
  ['billing_error', 'authentication'],
  ['not_found_error', 'not-found'],
]);

/** An `error` event within a stream. */
export function mapAnthropicStreamError(type: unknown): ProviderError {
  return new ProviderError('anthropic', REASONS.get(type) ?? 'server-error');
}

/** `instanceof` alone would make every field `any`. */
function isApiError(error: unknown): error is APIError {
  return error instanceof APIError;
}
