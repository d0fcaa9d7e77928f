import type { Request, Response } from 'express';
import { requestContext } from '../context/request-context.js';
import { allowedMethods, pathOf } from './allowed-methods.js';
import { AppError, notFound } from './app-error.js';
import { toProblem } from './problem-catalog.js';
import { writeProblem } from './write-problem.js';

/** 405 with `Allow` where the path exists with other methods, else 404. */
export function noSuchRoute(request: Request, response: Response): AppError {
  const allowed = allowedMethods(request);
  if (allowed.length === 0) return notFound();
  if (!response.headersSent) response.setHeader('Allow', allowed.join(', '));
  return new AppError('method-not-allowed', 'method_not_allowed', {
    detail: `This route does not have ${request.method}.`,
  });
}

/** Last in line, for paths outside the API's prefix, where the framework's own handler does not look. */
export function unmatchedRoute(request: Request, response: Response): void {
  const requestId = requestContext.current()?.requestId;
  const about = { instance: pathOf(request), ...(requestId === undefined ? {} : { requestId }) };
  writeProblem(response, toProblem(noSuchRoute(request, response), about));
}
