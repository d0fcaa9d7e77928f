import { Logger, type Params } from 'nestjs-pino';
import { pino } from 'pino';
import type { ProcessConfig } from '../../config/app-config.js';
import { requestContext } from '../../shared/context/request-context.js';
import { serializeError } from './serialize-error.js';

/** Members that are never printed, at the top of a line or one level below. */
const SECRET_MEMBERS = [
  ...[
    'password',
    'authorization',
    'cookie',
    'token',
    'access_token',
    'refresh_token',
    'api_key',
    'apiKey',
    'secret',
  ],
  ...['accessToken', 'refreshToken', 'passwordHash', 'password_hash', 'tokenHash', 'token_hash'],
];

/**
 * The log: JSON lines with `event`. The request id and the user come from the request's context, so no caller has to pass
 * them.
 */
export function createLogger(config: ProcessConfig): pino.Logger {
  return pino({
    level: config.logLevel,
    base: null,
    messageKey: 'message',
    formatters: { level: (level) => ({ level }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: serializeError },
    redact: { paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    mixin: contextOfLine,
  });
}

/** Requests are logged by HttpMetrics: pino-http's own lines would print headers. */
export function loggerOptions(config: ProcessConfig): Params {
  return { pinoHttp: { logger: createLogger(config), autoLogging: false }, forRoutes: [] };
}

/** Nest's own lines. What it tells of every module and route at the start is for debugging Nest. */
export class NestLogger extends Logger {
  override log(message: unknown, ...parameters: unknown[]): void {
    this.debug(message, ...(parameters as []));
  }
}

function contextOfLine(line: object): object {
  const context = requestContext.current();
  if (!context) return {};
  return {
    ...('request_id' in line ? {} : { request_id: context.requestId }),
    ...('user_id' in line || !context.principal ? {} : { user_id: context.principal.userId }),
  };
}
