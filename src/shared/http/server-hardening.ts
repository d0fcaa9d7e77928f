import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpConfig } from '../../config/app-config.js';
import { uuidV7Ids } from '../context/ids.js';
import { AppError, type ErrorKind } from '../errors/app-error.js';
import { toProblem } from '../errors/problem-catalog.js';
import { RAW_SECURITY_HEADERS } from './security-headers.js';

/** Longer than the idle timeout of usual load balancers (60 s), so that we are never the one who closes first. */
const KEEP_ALIVE_MS = 72_000;
/** How often Node looks for requests that take too long. */
const CHECK_INTERVAL_MS = 250;

/** What Node's parser refuses before there is a request, by its error code. */
const REFUSALS: Readonly<
  Record<string, readonly [status: number, kind: ErrorKind, code: string, detail: string]>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'malformed', 'request_timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'malformed', 'headers_too_large', 'The headers of the request are too large.'],
};
const BAD_REQUEST = [400, 'malformed', 'malformed_request', 'This is not an HTTP request.'] as const;

/** An HTTP server that waits for nobody longer than configured, and that answers even garbage with a problem. */
export function createHardenedServer(config: HttpConfig, listener: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: config.headersTimeoutMs,
      requestTimeout: Math.max(config.requestTimeoutMs, config.headersTimeoutMs),
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    listener,
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  return server;
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, kind, code, detail] = REFUSALS[error.code ?? ''] ?? BAD_REQUEST;
  const requestId = uuidV7Ids.next();
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({
    ...toProblem(new AppError(kind, code, { detail }), { requestId }),
    status,
    title,
  });
  const headers = {
    ...RAW_SECURITY_HEADERS,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`);
}
