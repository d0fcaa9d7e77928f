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
