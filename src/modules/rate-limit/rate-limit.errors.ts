import { AppError, validationFailed } from '../../shared/errors/app-error.js';
import { formatUsd } from '../../shared/money/usd.js';
import { type QuotaScope, type QuotaState, QuotaStoreUnavailable } from './quota-store.js';

const CODES: Record<QuotaScope, readonly [code: string, detail: string]> = {
  requests_per_minute: ['rate_limited', 'Too many requests in a minute.'],
  tokens_per_minute: ['token_quota_exceeded', 'Too many tokens in a minute.'],
  daily_cost: ['budget_exceeded', 'The budget of this day is used up.'],
  monthly_cost: ['budget_exceeded', 'The budget of this month is used up.'],
  installation_daily_cost: ['budget_exceeded', 'The budget of this installation is used up for today.'],
};

/** A request that no waiting helps: the window or the budget is too small for it even when it is empty. */
export function neverFits(scope: string): AppError {
  return validationFailed([
    {
      pointer: '/max_tokens',
      detail: `asks, with the message, for more than the limit (${scope}) could ever hold`,
    },
  ]);
}

/** Nobody knows what is left, so nothing is spent. */
export async function orUnavailable<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof QuotaStoreUnavailable)) throw error;
    throw new AppError('unavailable', 'dependency_unavailable', {
      detail: 'What is left of the quota cannot be looked up at the moment. Try again in a moment.',
      retryAfterSeconds: 2,
      cause: error,
    });
  }
}

/** Too many failed attempts to log into an account. */
export function loginHeldUp(failuresAllowed: number, waitMs: number, now: Date): AppError {
  return new AppError('rate-limited', 'rate_limited', {
    detail: 'Too many attempts to log into this account have failed. Wait, or ask for a new password.',
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    extensions: {
      scope: 'failed_logins',
      limit: failuresAllowed,
      remaining: 0,
      reset_at: new Date(now.getTime() + waitMs).toISOString(),
    },
  });
}

/** Our own quota is the only 429. */
export function quotaExceeded(state: QuotaState, now: Date): AppError {
  const [code, detail] = CODES[state.scope];
  const remaining = state.limit - state.used - state.reserved;
  return new AppError('rate-limited', code, {
    detail,
    retryAfterSeconds: Math.max(1, Math.ceil((state.resetAt.getTime() - now.getTime()) / 1000)),
    extensions: {
      scope: state.scope,
      limit: toWire(state.scope, state.limit),
      remaining: toWire(state.scope, remaining > 0n ? remaining : 0n),
      reset_at: state.resetAt.toISOString(),
    },
  });
}

/** Counts are numbers, money is a decimal string. */
function toWire(scope: QuotaScope, amount: bigint): number | string {
  return scope.endsWith('_cost') ? formatUsd(amount) : Number(amount);
}
