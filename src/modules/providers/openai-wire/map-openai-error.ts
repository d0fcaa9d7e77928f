import { APIError } from 'openai';
import type { ProviderName } from '../provider-name.js';
import { ProviderError, type ProviderErrorReason } from '../provider-error.js';
import { httpProviderError, reasonOfStatus } from '../wire/http-provider-error.js';
import { asObject } from '../wire/payload.js';

/** `undefined` for what the SDK did not throw on the vendor's or the network's behalf. */
export function mapOpenAiError(provider: ProviderName, error: unknown): ProviderError | undefined {
  if (!isApiError(error)) return undefined;
  const { status, headers, requestID } = error;
  if (status === undefined) return new ProviderError(provider, 'connection');
  // Azure's gateway has a header of its own.
  return httpProviderError(provider, {
    status,
    headers,
    requestId: requestID ?? headers?.get('apim-request-id'),
  });
}

const REASONS: readonly (readonly [pattern: RegExp, reason: ProviderErrorReason])[] = [
  [/rate_limit|too_many_requests|insufficient_quota|tokens_exceeded/, 'rate-limited'],
  [/overloaded|unavailable|capacity/, 'overloaded'],
  [/authentication|permission|api_key|billing/, 'authentication'],
  [/not_found/, 'not-found'],
  [/invalid|bad_request|context_length|unsupported|content_policy|content_filter/, 'invalid-request'],
];

/**
 * An error within a stream. OpenAI names it with `code` or `type`; other servers put an HTTP status in either. Names are
 * compared, texts are not.
 */
export function mapOpenAiStreamError(provider: ProviderName, error: unknown): ProviderError {
  const { code, type, status } = asObject(error) ?? {};
  for (const value of [code, status, type]) {
    const number = Number(value);
    if (value !== null && value !== '' && number >= 400 && number < 600)
      return new ProviderError(provider, reasonOfStatus(number));
  }
  for (const value of [code, type]) {
    const found = typeof value === 'string' && REASONS.find(([pattern]) => pattern.test(value.toLowerCase()));
    if (found) return new ProviderError(provider, found[1]);
  }
  return new ProviderError(provider, 'server-error');
}

/** `instanceof` alone would make every field `any`. */
function isApiError(error: unknown): error is APIError {
  return error instanceof APIError;
}
