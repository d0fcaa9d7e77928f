import type { NextFunction, Request, Response } from 'express';

/** While the process is going down: a connection that is kept alive would be cut in the middle of its next request. */
export function closeConnectionsWhile(isDraining: () => boolean) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (isDraining()) response.setHeader('Connection', 'close');
    next();
  };
}
