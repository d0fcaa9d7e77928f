import type { NextFunction, Request, Response } from 'express';
import { requestContext } from '../context/request-context.js';
import { uuidV7Ids } from '../context/ids.js';
import { clientAddress } from './client-address.js';

/** What we take over from a caller: short, and harmless in a log line or a header. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * First of all: gives the request its id and its context, and notes how long the answer took (`X-Process-Time`, seconds
 * until the headers were written).
 */
export function requestContextMiddleware(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : uuidV7Ids.next();
  const startedMs = performance.now();
  response.setHeader('X-Request-Id', requestId);
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    if (!response.headersSent)
      response.setHeader('X-Process-Time', ((performance.now() - startedMs) / 1000).toFixed(6));
    return writeHead(...args);
  }) as typeof response.writeHead;
  requestContext.run({ requestId, clientAddress: clientAddress(request) }, next);
}
