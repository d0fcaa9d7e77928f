import type { ServerResponse } from 'node:http';
import type { Problem } from './problem-catalog.js';

/** Writes a problem as the whole answer. Headers that were set before stay. */
export function writeProblem(response: ServerResponse, problem: Problem): void {
  const body = JSON.stringify(problem);
  response.statusCode = problem.status;
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (typeof problem.retry_after_s === 'number')
    response.setHeader('Retry-After', String(problem.retry_after_s));
  if (problem.status === 401 && !response.hasHeader('WWW-Authenticate')) {
    response.setHeader('WWW-Authenticate', 'Bearer realm="perch"');
  }
  response.end(body);
}
