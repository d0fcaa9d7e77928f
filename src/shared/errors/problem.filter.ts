import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { requestContext } from '../context/request-context.js';
import { pathOf } from './allowed-methods.js';
import { AppError, type ErrorKind, notFound } from './app-error.js';
import { asUnavailable } from './dependency-errors.js';
import { asErasedAccount } from './erased-account.js';
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
  const status = frameworkStatus(exception);
  return status === undefined
    ? (asErasedAccount(exception) ?? asUnavailable(exception) ?? exception)
    : fromStatus(status, exception);
}

/** Of Nest's exceptions, and of those that Express and its middleware make with `http-errors`. */
function frameworkStatus(exception: unknown): number | undefined {
  if (exception instanceof HttpException) return exception.getStatus();
  if (!(exception instanceof Error)) return undefined;
  const { status, expose } = exception as { status?: unknown; expose?: unknown };
  return typeof status === 'number' && expose === true ? status : undefined;
}

const RETRY_AFTER_SECONDS = 60;

/** What the framework refuses, in our words: its own may repeat what was sent. */
const REFUSALS: Readonly<Record<number, readonly [kind: ErrorKind, code: string, detail: string]>> = {
  401: ['unauthenticated', 'unauthenticated', 'A valid access token is needed.'],
  403: ['forbidden', 'forbidden', 'This is not allowed.'],
  405: ['method-not-allowed', 'method_not_allowed', 'This route does not have that method.'],
  413: ['payload-too-large', 'payload_too_large', 'The body is too large.'],
  415: ['unsupported-media-type', 'unsupported_media_type', 'Send the body as application/json.'],
  429: ['rate-limited', 'rate_limited', 'Too many requests.'],
  503: ['unavailable', 'dependency_unavailable', 'A service that Perch depends on is not available.'],
};
const UNREADABLE = ['malformed', 'malformed_request', 'The request cannot be read.'] as const;

function fromStatus(status: number, cause: unknown): unknown {
  if (status === 404) return notFound();
  const refusal = REFUSALS[status] ?? (status >= 400 && status < 500 ? UNREADABLE : undefined);
  if (!refusal) return cause;
  const [kind, code, detail] = refusal;
  return new AppError(kind, code, {
    detail,
    cause,
    ...(status === 429 || status === 503 ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}),
  });
}
