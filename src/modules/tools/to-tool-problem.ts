import { AppError } from '../../shared/errors/app-error.js';
import { INTERNAL_DETAIL } from '../../shared/errors/problem-catalog.js';
import type { ToolFailure } from './tool-outcome.js';

/** What a caller who executed a tool directly is told. */
export function toToolProblem(failure: ToolFailure): AppError {
  const { message: detail } = failure;
  switch (failure.kind) {
    case 'unknown_tool':
      return new AppError('not-found', 'tool_not_found', { detail: 'There is no such tool.' });
    case 'forbidden':
      return new AppError('forbidden', 'tool_forbidden', { detail });
    case 'invalid_input':
      return new AppError('invalid', 'validation_failed', {
        detail,
        ...(failure.errors ? { errors: failure.errors } : {}),
      });
    case 'approval_required':
    case 'approval_denied':
    case 'approval_expired':
      return new AppError('forbidden', failure.kind, { detail });
    case 'rate_limited':
      return new AppError('rate-limited', 'rate_limited', {
        detail,
        extensions: { scope: 'tool_calls', remaining: 0 },
        retryAfterSeconds: secondsOf(failure, 1),
      });
    case 'busy':
    case 'unavailable':
      return new AppError('unavailable', 'tool_unavailable', {
        detail,
        retryAfterSeconds: secondsOf(failure, 5),
      });
    case 'tool_error':
      return new AppError('invalid', 'tool_failed', { detail, extensions: { tool_error: failure.code } });
    case 'timeout':
      return new AppError('timeout', 'tool_timeout', { detail });
    case 'cancelled':
      return new AppError('unavailable', 'shutting_down', { detail, retryAfterSeconds: 1 });
    case 'tool_failed':
      return new AppError('internal', 'internal', { detail: INTERNAL_DETAIL });
  }
}

function secondsOf({ retryAfterMs }: ToolFailure, whenUnknown: number): number {
  return retryAfterMs === undefined ? whenUnknown : Math.max(1, Math.ceil(retryAfterMs / 1000));
}
