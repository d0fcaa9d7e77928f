import type { QuotaState } from './quota-store.js';

const WINDOW_SECONDS = 60;

/**
 * Where the caller stands, as `RateLimit-Policy` and `RateLimit` (IETF draft 11) and as the widely parsed `X-RateLimit-*`.
 * Only the windows: budgets are in `GET /usage`.
 */
export function limitHeaders(states: readonly QuotaState[], now: Date): Record<string, string> {
  const windows = states.filter(
    ({ scope }) => scope === 'requests_per_minute' || scope === 'tokens_per_minute',
  );
  const name = ({ scope }: QuotaState): string => (scope === 'requests_per_minute' ? 'requests' : 'tokens');
  const remaining = ({ limit, used, reserved }: QuotaState): bigint =>
    limit > used + reserved ? limit - used - reserved : 0n;
  const seconds = ({ resetAt }: QuotaState): number =>
    Math.min(WINDOW_SECONDS, Math.max(0, Math.ceil((resetAt.getTime() - now.getTime()) / 1000)));
  const requests = windows.find(({ scope }) => scope === 'requests_per_minute');
  const tokens = windows.find(({ scope }) => scope === 'tokens_per_minute');
  return {
    'RateLimit-Policy': windows
      .map((state) => `"${name(state)}";q=${state.limit};w=${WINDOW_SECONDS}`)
      .join(', '),
    RateLimit: windows
      .map((state) => `"${name(state)}";r=${remaining(state)};t=${seconds(state)}`)
      .join(', '),
    ...(requests
      ? {
          'X-RateLimit-Limit': String(requests.limit),
          'X-RateLimit-Remaining': String(remaining(requests)),
          'X-RateLimit-Reset': String(seconds(requests)),
        }
      : {}),
    ...(tokens
      ? {
          'X-RateLimit-Limit-Tokens': String(tokens.limit),
          'X-RateLimit-Remaining-Tokens': String(remaining(tokens)),
        }
      : {}),
  };
}
