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

export function promptRejected(reasons: readonly string[]): AppError {
  return new AppError('forbidden', 'prompt_rejected', {
    detail: 'The message looks like an attempt to change what this assistant does, so it was not passed on.',
    extensions: { reasons },
  });
}

export function streamingDisabled(): AppError {
  return new AppError('forbidden', 'forbidden', {
    detail: 'Streaming is switched off on this installation.',
  });
}

export function idempotencyKeyInvalid(): AppError {
  return new AppError('invalid', 'validation_failed', {
    detail: 'The header Idempotency-Key must have 1 to 255 visible ASCII characters.',
  });
}

export function idempotencyKeyReused(): AppError {
  return new AppError('invalid', 'idempotency_key_reused', {
    detail: 'This Idempotency-Key was used with another body. Use a new key for a new request.',
  });
}

/** The first request with this key is still being admitted, or its process died at that very moment. */
export function requestInProgress(): AppError {
  return new AppError('unavailable', 'dependency_unavailable', {
    detail: 'An earlier request with this Idempotency-Key has not been decided yet. Try again in a moment.',
    retryAfterSeconds: 1,
  });
}

export function approvalDecided(): AppError {
  return new AppError('conflict', 'approval_decided', {
    detail: 'This call has been decided already, or its run was ended; a decision is made once.',
  });
}

export function approvalExpired(): AppError {
  return new AppError('conflict', 'approval_expired', {
    detail: 'It is too late: this call was not agreed to in time, and the run goes on without it.',
  });
}

export function tooManyQueuedRuns(limit: number): AppError {
  return new AppError('rate-limited', 'rate_limited', {
    detail: 'Too many runs of yours wait already.',
    extensions: { scope: 'queued_runs', limit, remaining: 0 },
    retryAfterSeconds: 10,
  });
}

/** A run goes on, but not in this process: where its caller finds it again. */
export function runMoved(runId: string): AppError {
  return new AppError('unavailable', 'shutting_down', {
    detail:
      'This server is shutting down and the run goes on elsewhere. Go on reading its events from where you are.',
    extensions: { run_id: runId, events: `/api/v1/agent/runs/${runId}/events` },
    retryAfterSeconds: 1,
  });
}

/** What the request was made with was revoked while its answer was on the way: the answer ends here. */
export function callerRevoked(): AppError {
  return new AppError('unauthenticated', 'token_revoked', { detail: 'The token is no longer valid.' });
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
