import type { IncomingMessage } from 'node:http';
import type { Params } from 'nestjs-pino';
import type { ProcessConfig } from '../../config/app-config.js';
import { requestContext } from '../../shared/context/request-context.js';
import { serializeError } from './serialize-error.js';

/** Members that are never printed, at whatever place in a line they stand up to the depth pino looks. */
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
 * JSON lines with `event`; the request id and the user come from the request's context, so no caller has to pass them.
 * Request logging is ours (http-metrics.interceptor.ts): pino-http's would print headers.
 */
export function loggerOptions(config: ProcessConfig): Params {
  return {
    pinoHttp: {
      level: config.logLevel,
      autoLogging: false,
      quietReqLogger: true,
      genReqId: (request: IncomingMessage) =>
        requestContext.current()?.requestId ?? request.headers['x-request-id'] ?? '',
      base: undefined,
      messageKey: 'message',
      errorKey: 'err',
      formatters: { level: (level) => ({ level }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: serializeError, req: () => undefined, res: () => undefined },
      redact: { paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      mixin: contextOfLine,
    },
    forRoutes: [],
  };
}

function contextOfLine(line: object): object {
  const context = requestContext.current();
  if (!context) return {};
  return {
    ...('request_id' in line ? {} : { request_id: context.requestId }),
    ...('user_id' in line || !context.principal ? {} : { user_id: context.principal.userId }),
  };
}
