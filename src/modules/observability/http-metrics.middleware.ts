import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { requestContext } from '../../shared/context/request-context.js';
import { HttpMetrics } from './http-metrics.js';

/** Watches every request to its end, the refused ones too. */
@Injectable()
export class HttpMetricsMiddleware implements NestMiddleware {
  constructor(private readonly metrics: HttpMetrics) {}

  use(request: Request, response: Response, next: NextFunction): void {
    const startedMs = performance.now();
    const context = requestContext.current();
    response.once('close', () => {
      // `close` comes outside the request's context; the log line belongs to it.
      if (context) requestContext.run(context, () => this.metrics.observe(request, response, startedMs));
      else this.metrics.observe(request, response, startedMs);
    });
    next();
  }
}
