import { isUtf8 } from 'node:buffer';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { malformed, scanJson } from './scan-json.js';

/** What body-parser says of a body that it does not take. */
interface BodyParserError extends Error {
  readonly type: string;
}

const UNSUPPORTED_CODING =
  'Send the body as application/json in UTF-8, plain or compressed with gzip, deflate or br.';

/**
 * Reads JSON bodies: at most `limitBytes` after inflation, UTF-8, one JSON value, scanned before it is parsed. Everything
 * else is `malformed_json`, `payload_too_large` or `unsupported_media_type`.
 */
export function jsonBody(limitBytes: number): RequestHandler {
  const parse = express.json({
    limit: limitBytes,
    strict: false,
    type: ['application/json', 'application/*+json'],
    verify: (_request, _response, bytes, charset) => {
      // The parser would decode UTF-16 too, and parse another text than the one that was scanned.
      if (charset !== 'utf-8') throw unsupported(UNSUPPORTED_CODING);
      if (!isUtf8(bytes)) throw malformed('is not UTF-8');
      scanJson(bytes.toString('utf8'));
    },
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    if (!hasBody(request)) return next();
    if (!request.is(['application/json', 'application/*+json'])) {
      return next(unsupported('Send the body as application/json.'));
    }
    parse(request, response, (error?: unknown) =>
      next(error === undefined ? undefined : toAppError(error, limitBytes)),
    );
  };
}

function unsupported(detail: string): AppError {
  return new AppError('unsupported-media-type', 'unsupported_media_type', { detail });
}

function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

function toAppError(error: unknown, limitBytes: number): unknown {
  // The parser hangs a status of its own and the whole body on the error that the scan threw.
  if (error instanceof AppError) return new AppError(error.kind, error.code, { detail: error.detail });
  const { type } = error as BodyParserError;
  switch (type) {
    case 'entity.too.large':
      return new AppError('payload-too-large', 'payload_too_large', {
        detail: `The body may have at most ${limitBytes} bytes.`,
        extensions: { limit_bytes: limitBytes },
      });
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return unsupported(UNSUPPORTED_CODING);
    case 'entity.parse.failed':
      return malformed('is not one JSON value');
    default:
      return malformed('cannot be read');
  }
}
