import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { AppError, notFound, validationFailed } from './app-error.js';
import { INTERNAL_DETAIL, type Problem, toProblem } from './problem-catalog.js';
import { ProblemDto } from './problem.dto.js';

const RUN_ID = '0193ab40-7c20-7000-8000-9a0c44d2b7e3';
const SAMPLE = { instance: '/api/v1/agent/chat', requestId: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1' };

/** What each status of the contract means, with its most usual problem. */
const PROBLEMS: Readonly<Record<number, readonly [description: string, example: AppError]>> = {
  400: [
    'The body is not the JSON that it says it is.',
    new AppError('malformed', 'malformed_json', { detail: 'The body is not one JSON value.' }),
  ],
  401: [
    'No valid access token: `unauthenticated`, `token_expired` or `token_revoked`.',
    new AppError('unauthenticated', 'unauthenticated', { detail: 'A valid access token is needed.' }),
  ],
  403: [
    'The caller may not do this: `forbidden`, `tool_forbidden` or `prompt_rejected`.',
    new AppError('forbidden', 'forbidden', { detail: 'This is not allowed.' }),
  ],
  404: ['It does not exist, or is another user’s.', notFound()],
  409: [
    'Something else is in the way.',
    new AppError('conflict', 'run_conflict', {
      detail: 'Another run of this conversation is active.',
      extensions: { active_run_id: RUN_ID },
    }),
  ],
  413: [
    'The body is larger than `limit_bytes`.',
    new AppError('payload-too-large', 'payload_too_large', {
      detail: 'The body may have at most 262144 bytes.',
      extensions: { limit_bytes: 262_144 },
    }),
  ],
  415: [
    'The body is not JSON.',
    new AppError('unsupported-media-type', 'unsupported_media_type', {
      detail: 'Send the body as application/json.',
    }),
  ],
  422: [
    'The request does not have the form the contract asks for; `errors` says where.',
    validationFailed([{ pointer: '/message', detail: 'must be a string' }]),
  ],
  429: [
    'A limit of the caller: `rate_limited`, `token_quota_exceeded` or `budget_exceeded`.',
    new AppError('rate-limited', 'rate_limited', {
      detail: 'Too many requests in a minute.',
      extensions: {
        scope: 'requests_per_minute',
        limit: 10,
        remaining: 0,
        reset_at: '2026-11-24T12:01:00.000Z',
      },
      retryAfterSeconds: 12,
    }),
  ],
  500: [
    'Our fault. The request id finds it in the logs.',
    new AppError('internal', 'internal', { detail: INTERNAL_DETAIL }),
  ],
  502: [
    'The model provider gave an answer that cannot be used.',
    new AppError('bad-upstream', 'provider_bad_response', {
      detail: 'The model provider gave an answer that cannot be read.',
    }),
  ],
  503: [
    '`provider_unavailable`, `dependency_unavailable` or `shutting_down`.',
    new AppError('unavailable', 'provider_unavailable', {
      detail: 'The model provider is overloaded. Try again later.',
      retryAfterSeconds: 5,
    }),
  ],
  504: [
    'A deadline passed.',
    new AppError('timeout', 'provider_timeout', { detail: 'The model provider did not answer in time.' }),
  ],
};

interface DocumentedProblem {
  readonly status: number;
  readonly description: string;
  readonly content: { 'application/problem+json': { schema: { $ref: string }; example: Problem } };
}

/**
 * Documents the problems that a route may answer with: by their status, or by an error of the route's own, which then is
 * the example.
 */
export function ApiProblems(...problems: readonly (number | AppError)[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...problems.map((problem) => ApiResponse(problemResponse(problem))),
  );
}

/** One problem, as OpenAPI describes an answer; for those that are no route's own. */
export function problemResponse(problem: number | AppError): DocumentedProblem {
  const [description, error] =
    typeof problem === 'number'
      ? usual(problem)
      : ([`\`${problem.code}\`: ${problem.detail}`, problem] as const);
  const example = toProblem(error, SAMPLE);
  return {
    status: example.status,
    description,
    content: {
      'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) }, example },
    },
  };
}

function usual(status: number): readonly [description: string, example: AppError] {
  const known = PROBLEMS[status];
  if (!known) throw new Error(`The contract has no problem with status ${status}.`);
  return known;
}
