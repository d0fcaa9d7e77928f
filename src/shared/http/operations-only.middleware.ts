import type { NextFunction, Request, Response } from 'express';
import { notFound } from '../errors/app-error.js';

const OPERATIONS = /^\/(health\/(live|ready)|metrics|api\/v1\/metadata)\/?$/;

/** A worker serves those who operate it, and nobody else. */
export function operationsOnly(request: Request, _response: Response, next: NextFunction): void {
  next(OPERATIONS.test(request.path) ? undefined : notFound());
}
