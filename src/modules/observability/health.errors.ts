import { AppError } from '../../shared/errors/app-error.js';

const RETRY_AFTER_SECONDS = 2;

/** Names what failed among the checks. */
export function notReady(checks: Readonly<Record<string, string>>): AppError {
  const failed = Object.keys(checks).filter((name) => checks[name] !== 'up');
  return new AppError('unavailable', 'dependency_unavailable', {
    detail: `Not ready: ${failed.join(', ')}.`,
    extensions: { checks },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

export function shuttingDown(): AppError {
  return new AppError('unavailable', 'shutting_down', {
    detail: 'This process is shutting down.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
