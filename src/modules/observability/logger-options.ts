import { Logger, type Params } from 'nestjs-pino';
import { type DestinationStream, type LoggerOptions, pino } from 'pino';
import type { ProcessConfig } from '../../config/app-config.js';
import { requestContext } from '../../shared/context/request-context.js';
import { redact, redactValues } from './redact.js';
import { redactMembers } from './redact-members.js';
import { serializeError } from './serialize-error.js';

type LoggerConfig = Pick<ProcessConfig, 'logLevel'>;

/**
 * The log: JSON lines with `event`. The ids of request, run and user come from the request's context, so no caller has to
 * pass them. Lines go to standard output unless a test wants them elsewhere.
 */
export function createLogger(config: LoggerConfig, destination?: DestinationStream): pino.Logger {
  const options: LoggerOptions = {
    level: config.logLevel,
    base: null,
    messageKey: 'message',
    formatters: { level: (level) => ({ level }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: contextOfLine,
    // Errors are plain by then; pino's own serializer would take them for something else.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(parts, method) {
        // Before pino looks at the line: it copies an error's message as it is.
        method.apply(this, parts.map(redactPart) as typeof parts);
      },
      // The last net: what libraries print, and what no name gives away.
      streamWrite: redactValues,
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/**
 * Requests are logged by HttpMetrics: pino-http's own lines would print headers. Its serializers would print every member
 * of an error.
 */
export function loggerOptions(config: LoggerConfig, destination?: DestinationStream): Params {
  const logger = createLogger(config, destination);
  return { pinoHttp: { logger, autoLogging: false, wrapSerializers: false }, forRoutes: [] };
}

/** Nest's own lines. What it tells of every module and route at the start is for debugging Nest. */
export class NestLogger extends Logger {
  override log(message: unknown, ...parameters: unknown[]): void {
    this.debug(message, ...(parameters as []));
  }
}

/** A line is an object, a text with values for its placeholders, or both. */
function redactPart(part: unknown): unknown {
  if (typeof part === 'string') return redact(part);
  if (part instanceof Error) return { err: serializeError(part) };
  if (typeof part === 'object' && part !== null) return redactMembers(part);
  return part;
}

function contextOfLine(line: object): object {
  const context = requestContext.current();
  if (!context) return {};
  return {
    ...('request_id' in line ? {} : { request_id: context.requestId }),
    ...('run_id' in line || context.runId === undefined ? {} : { run_id: context.runId }),
    ...('user_id' in line || !context.principal ? {} : { user_id: context.principal.userId }),
  };
}
