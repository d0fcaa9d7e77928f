import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { HttpConfig } from '../../config/app-config.js';
import { uuidV7Ids } from '../context/ids.js';
import { type Problem, problemType } from '../errors/problem-catalog.js';
import { RAW_SECURITY_HEADERS } from './security-headers.js';

/** Longer than the idle timeout of usual load balancers (60 s), so that we are never the one who closes first. */
const KEEP_ALIVE_MS = 72_000;
/** How often Node looks for requests that take too long. */
const CHECK_INTERVAL_MS = 250;

/** What Node's parser refuses before there is a request, by its error code. */
const REFUSALS: Readonly<Record<string, Pick<Problem, 'status' | 'title' | 'code' | 'detail'>>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    title: 'Request timeout',
    code: 'request_timeout',
    detail: 'The request did not arrive in time.',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    title: 'Headers too large',
    code: 'headers_too_large',
    detail: 'The headers of the request are too large.',
  },
};
const BAD_REQUEST = {
  status: 400,
  title: 'Bad request',
  code: 'malformed_request',
  detail: 'This is not an HTTP request.',
};

/** An HTTP server that waits for nobody longer than configured, and that answers even garbage with a problem. */
export function createHardenedServer(config: HttpConfig, listener: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: config.headersTimeoutMs,
      requestTimeout: Math.max(config.requestTimeoutMs, config.headersTimeoutMs),
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node would answer a bare 400; ours is a problem with all its headers (trusted-hosts.middleware.ts).
      requireHostHeader: false,
    },
    listener,
  );
  // Without a listener Node answers a bare 417. RFC 9110 lets us pass over an expectation that we do not know.
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  return server;
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  // Where an answer is on its way already, a second one would be read as a part of it.
  const { _httpMessage: answer } = socket as { _httpMessage?: ServerResponse | null };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
    socket.destroy();
    return;
  }
  const refusal = REFUSALS[error.code ?? ''] ?? BAD_REQUEST;
  const requestId = uuidV7Ids.next();
  const problem: Problem = { type: problemType(refusal.code), ...refusal, request_id: requestId };
  const body = JSON.stringify(problem);
  const headers = {
    ...RAW_SECURITY_HEADERS,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
}
