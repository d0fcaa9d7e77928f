import { AppError } from '../../shared/errors/app-error.js';
import { ProviderError, providerErrorToAppError } from '../providers/index.js';
import { RunFencedError } from './loop/run-journal.js';
import { RunAborted } from './loop/run-loop.js';

export function runConflict(activeRunId: string | undefined): AppError {
  return new AppError('conflict', 'run_conflict', {
    detail: 'Another run is active in this conversation. Wait for it to end or cancel it.',
    ...(activeRunId === undefined ? {} : { extensions: { active_run_id: activeRunId } }),
  });
}

export function toolForbidden(toolName: string): AppError {
  return new AppError('forbidden', 'tool_forbidden', { detail: `The tool ${toolName} is not allowed here.` });
}

export function streamingDisabled(): AppError {
  return new AppError('forbidden', 'forbidden', {
    detail: 'Streaming is switched off on this installation.',
  });
}

export function shuttingDown(): AppError {
  return new AppError('unavailable', 'shutting_down', {
    detail: 'This server is shutting down. Try again in a moment.',
    retryAfterSeconds: 2,
  });
}

/** What a caller is told about whatever ended a run. Bugs stay unknown errors: they become a bare 500. */
export function toRunError(error: unknown): unknown {
  if (error instanceof ProviderError) return providerErrorToAppError(error);
  if (error instanceof RunAborted) return error.cause instanceof AppError ? error.cause : error;
  if (error instanceof RunFencedError) {
    return new AppError('conflict', 'run_conflict', { detail: 'The run was ended from elsewhere.' });
  }
  return error;
}
