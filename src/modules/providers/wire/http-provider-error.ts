import type { ProviderName } from '../provider-name.js';
import { ProviderError, type ProviderErrorReason } from '../provider-error.js';

/** The part of an SDK's error that may be kept. Its message is not. */
export interface HttpFailure {
  readonly status: number;
  readonly headers: Headers | undefined;
  readonly requestId: string | null | undefined;
}

export function httpProviderError(provider: ProviderName, failure: HttpFailure): ProviderError {
  const retryAfterMs = failure.headers && retryAfterOf(failure.headers);
  const isPlainId = failure.requestId && /^[\w.:-]{1,128}$/.test(failure.requestId);
  return new ProviderError(provider, reasonOfStatus(failure.status), {
    status: failure.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(isPlainId ? { vendorRequestId: failure.requestId } : {}),
  });
}

export function reasonOfStatus(status: number): ProviderErrorReason {
  if (status === 429) return 'rate-limited';
  if (status === 503 || status === 529) return 'overloaded';
  // Both mean: not now. 409 is a lock that the vendor could not get.
  if (status >= 500 || status === 408 || status === 409) return 'server-error';
  // 402: our account has run dry, which no other request mends.
  if (status === 401 || status === 402 || status === 403) return 'authentication';
  if (status === 404) return 'not-found';
  if (status >= 400) return 'invalid-request';
  return 'bad-response';
}

/** Milliseconds from `retry-after-ms` or `retry-after` (seconds or a date); `undefined` when neither can be read. */
export function retryAfterOf(headers: Headers, nowMs = Date.now()): number | undefined {
  const milliseconds = toNumber(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;
  const retryAfter = headers.get('retry-after');
  const seconds = toNumber(retryAfter);
  if (seconds !== undefined) return seconds * 1000;
  const until = Date.parse(retryAfter ?? '');
  if (Number.isNaN(until)) return undefined;
  // The vendor's own clock, where it tells the time, makes the wait independent of ours.
  const vendorNow = Date.parse(headers.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(vendorNow) ? nowMs : vendorNow));
}

function toNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}
