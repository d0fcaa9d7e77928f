import { AppError, type ErrorKind } from './app-error.js';

/** RFC 9457 problem details, with the members of the contract. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly code: string;
  readonly request_id?: string;
  readonly [member: string]: unknown;
}

const STATUS_AND_TITLE: Record<ErrorKind, readonly [status: number, title: string]> = {
  malformed: [400, 'Bad request'],
  unauthenticated: [401, 'Not authenticated'],
  forbidden: [403, 'Forbidden'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'Method not allowed'],
  conflict: [409, 'Conflict'],
  'payload-too-large': [413, 'Payload too large'],
  'unsupported-media-type': [415, 'Unsupported media type'],
  invalid: [422, 'Validation failed'],
  'rate-limited': [429, 'Too many requests'],
  internal: [500, 'Internal error'],
  'bad-upstream': [502, 'Bad answer from the model provider'],
  unavailable: [503, 'Service unavailable'],
  timeout: [504, 'The model provider took too long'],
};

export const INTERNAL_DETAIL = 'Something went wrong on our side. The request id finds it in our logs.';

/** Names the kind of problem; it cannot be fetched. */
export function problemType(code: string): string {
  return `urn:perch:problem:${code}`;
}

/** The status that a kind of error is answered with. */
export function statusOf(kind: ErrorKind): number {
  return STATUS_AND_TITLE[kind][0];
}

/**
 * The one place where an error becomes a problem, for an HTTP answer and for a `run-error` event alike. Whatever is not
 * an AppError becomes a bare 500: its text stays in the log.
 */
export function toProblem(error: unknown, about: { instance?: string; requestId?: string } = {}): Problem {
  const known =
    error instanceof AppError
      ? error
      : new AppError('internal', 'internal', { detail: INTERNAL_DETAIL, cause: error });
  const [status, title] = STATUS_AND_TITLE[known.kind];
  return {
    type: problemType(known.code),
    title,
    status,
    detail: known.detail,
    ...(about.instance === undefined ? {} : { instance: about.instance }),
    code: known.code,
    ...(about.requestId === undefined ? {} : { request_id: about.requestId }),
    ...known.extensions,
    ...(known.errors ? { errors: known.errors } : {}),
    ...(known.retryAfterSeconds === undefined ? {} : { retry_after_s: known.retryAfterSeconds }),
  };
}
