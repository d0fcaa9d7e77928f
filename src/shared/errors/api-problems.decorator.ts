import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto.js';

/** What each status of the contract means, with its most usual code. */
const PROBLEMS: Readonly<Record<number, readonly [title: string, code: string, description: string]>> = {
  400: ['Bad request', 'malformed_json', 'The body is not the JSON that it says it is.'],
  401: [
    'Not authenticated',
    'unauthenticated',
    'No valid access token: `unauthenticated`, `token_expired` or `token_revoked`.',
  ],
  403: ['Forbidden', 'forbidden', 'The caller may not do this: `forbidden` or `tool_forbidden`.'],
  404: ['Not found', 'not_found', 'It does not exist, or is another user’s.'],
  409: ['Conflict', 'run_conflict', 'Something else is in the way.'],
  413: ['Payload too large', 'payload_too_large', 'The body is larger than `limit_bytes`.'],
  415: ['Unsupported media type', 'unsupported_media_type', 'The body is not JSON.'],
  422: [
    'Validation failed',
    'validation_failed',
    'The body does not have the form the contract asks for; `errors` says where.',
  ],
  429: [
    'Too many requests',
    'rate_limited',
    'A limit of the caller: `rate_limited`, `token_quota_exceeded` or `budget_exceeded`.',
  ],
  500: ['Internal error', 'internal', 'Our fault. The request id finds it in the logs.'],
  502: [
    'Bad answer from the model provider',
    'provider_bad_response',
    'The provider gave an answer that cannot be used.',
  ],
  503: [
    'Service unavailable',
    'provider_unavailable',
    '`provider_unavailable`, `dependency_unavailable` or `shutting_down`.',
  ],
  504: ['The model provider took too long', 'provider_timeout', 'A deadline passed.'],
};

/** Documents the problems that a route may answer with. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) => {
      const [title, code, description] = PROBLEMS[status] ?? [`Status ${status}`, 'error', 'An error.'];
      return ApiResponse({
        status,
        description,
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemDto) },
            example: {
              type: `urn:perch:problem:${code}`,
              title,
              status,
              detail: description.replaceAll('`', ''),
              instance: '/api/v1/agent/chat',
              code,
              request_id: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1',
            },
          },
        },
      });
    }),
  );
}
