import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { requestContext } from '../context/request-context.js';
import { pathOf } from './allowed-methods.js';
import { AppError, notFound } from './app-error.js';
import { asUnavailable } from './dependency-errors.js';
import { type Problem, toProblem } from './problem-catalog.js';
import { ProblemError } from './problem-error.js';
import { noSuchRoute } from './no-such-route.js';
import { writeProblem } from './write-problem.js';

/** The one place where an error leaves as an HTTP answer, ours and the framework's alike. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: PinoLogger) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const request = host.switchToHttp().getRequest<Request>();
    const requestId = requestContext.current()?.requestId;
    const instance = pathOf(request);
    if (isUnknownRoute(exception)) exception = noSuchRoute(request, response);
    const problem =
      exception instanceof ProblemError
        ? { ...exception.problem, instance, ...(requestId === undefined ? {} : { request_id: requestId }) }
        : toProblem(toAppError(exception), { instance, ...(requestId === undefined ? {} : { requestId }) });
    this.log(problem, exception, request);
    if (response.headersSent) {
      // A stream is on its way already: it cannot be answered any more, only ended.
      response.destroy();
      return;
    }
    writeProblem(response, problem);
  }

  private log(problem: Problem, exception: unknown, request: Request): void {
    const line = { event: 'http.error', code: problem.code, status: problem.status, method: request.method };
    if (problem.status < 500) this.logger.debug(line);
    else if (exception instanceof ProblemError) this.logger.warn(line);
    else this.logger.error({ ...line, err: exception });
  }
}

/** The framework found no route: the path may still exist with other methods. */
function isUnknownRoute(exception: unknown): boolean {
  return exception instanceof HttpException && exception.getStatus() === 404;
}

/** Errors that are not ours but that we know. Everything else stays unknown and becomes a bare 500. */
export function toAppError(exception: unknown): unknown {
  if (exception instanceof AppError) return exception;
  if (exception instanceof HttpException) return fromHttpException(exception);
  return asUnavailable(exception) ?? exception;
}

function fromHttpException(exception: HttpException): unknown {
  switch (exception.getStatus()) {
    case 400:
      return new AppError('malformed', 'malformed_request', {
        detail: 'The request cannot be read.',
        cause: exception,
      });
    case 401:
      return new AppError('unauthenticated', 'unauthenticated', {
        detail: 'A valid access token is needed.',
        cause: exception,
      });
    case 403:
      return new AppError('forbidden', 'forbidden', { detail: 'This is not allowed.', cause: exception });
    case 404:
      return notFound();
    case 429:
      return new AppError('rate-limited', 'rate_limited', {
        detail: 'Too many requests.',
        retryAfterSeconds: 60,
      });
    default:
      return exception;
  }
}
