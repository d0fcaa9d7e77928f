import type { FieldError } from '../../shared/errors/app-error.js';
import type { JsonValue } from '../../shared/llm/json.js';

/**
 * - `unknown_tool`, `forbidden`, `invalid_input`: refused, nothing was executed
 * - `approval_required`, `approval_denied`, `approval_expired`: nobody has agreed to this call, so nothing was executed
 * - `rate_limited`, `busy`: not now; nothing was executed
 * - `unavailable`: the tool is down; it was not asked, or has said so
 * - `timeout`, `cancelled`: its signal fired before it was done
 * - `tool_error`: the tool itself says why not
 * - `tool_failed`: it crashed, or gave something that is no JSON
 */
export type ToolErrorKind =
  | 'unknown_tool'
  | 'forbidden'
  | 'invalid_input'
  | 'approval_required'
  | 'approval_denied'
  | 'approval_expired'
  | 'rate_limited'
  | 'busy'
  | 'unavailable'
  | 'timeout'
  | 'cancelled'
  | 'tool_error'
  | 'tool_failed';

export interface ToolSuccess {
  readonly status: 'ok';
  readonly result: JsonValue;
  readonly durationMs: number;
}

export interface ToolFailure {
  readonly status: 'error';
  readonly kind: ToolErrorKind;
  /** The kind, or the tool's own code for `tool_error`. */
  readonly code: string;
  /** Safe for the model and the caller. */
  readonly message: string;
  readonly errors?: readonly FieldError[];
  /** When it makes sense to ask again, where that is known. */
  readonly retryAfterMs?: number;
  readonly durationMs: number;
}

/** What became of a call. A value, never an exception. */
export type ToolOutcome = ToolSuccess | ToolFailure;

export function toolFailure(
  kind: ToolErrorKind,
  message: string,
  more: Partial<Pick<ToolFailure, 'code' | 'errors' | 'retryAfterMs'>> = {},
): ToolFailure {
  return { status: 'error', kind, code: kind, message, durationMs: 0, ...more };
}
