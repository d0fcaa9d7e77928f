import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { NextFunction, Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { requestContext } from '../../shared/context/request-context.js';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Asked many times a minute by machines: counted, but not logged. */
const UNLOGGED = /^\/(health\/|metrics)/;
/** No status of HTTP: the client left before there was an answer. */
const CLIENT_LEFT = 499;

export const HTTP_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: 'http_requests_total',
    help: 'HTTP requests; status 499: the client left before there was an answer',
    labelNames: ['method', 'route', 'status'],
  }),
  makeHistogramProvider({
    name: 'http_request_duration_seconds',
    help: 'Time until the answer was complete',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
  }),
  makeGaugeProvider({ name: 'http_open_streams', help: 'Open event streams' }),
];

/** Counts and logs each request once its answer is over. Labels are route templates, never paths. */
@Injectable()
export class HttpMetrics {
  constructor(
    @InjectMetric('http_requests_total') private readonly requests: Counter,
    @InjectMetric('http_request_duration_seconds') private readonly duration: Histogram,
    private readonly logger: PinoLogger,
  ) {}

  /** Express middleware that stands before everything that may refuse a request, so that refusals count too. */
  readonly watch = (request: Request, response: Response, next: NextFunction): void => {
    const startedMs = performance.now();
    const context = requestContext.current();
    response.once('close', () => {
      // `close` comes outside the request's context; the log line belongs to it.
      if (context) requestContext.run(context, () => this.observe(request, response, startedMs));
      else this.observe(request, response, startedMs);
    });
    next();
  };

  private observe(request: Request, response: Response, startedMs: number): void {
    const seconds = (performance.now() - startedMs) / 1000;
    const status = response.headersSent ? response.statusCode : CLIENT_LEFT;
    const labels = {
      method: METHODS.has(request.method) ? request.method : 'OTHER',
      route: routeOf(request),
      status: String(status),
    };
    this.requests.inc(labels);
    this.duration.observe(labels, seconds);
    if (UNLOGGED.test(labels.route)) return;
    this.logger.info({
      event: 'http.request',
      ...labels,
      status,
      duration_ms: Math.round(seconds * 1e5) / 100,
      // The client left before the answer was complete.
      ...(response.writableFinished ? {} : { aborted: true }),
    });
  }
}

/** The template of the matched route (`/api/v1/agent/runs/:run_id`), or `unmatched`: also for the framework's wildcards. */
function routeOf(request: Request): string {
  const path = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' && !path.includes('*') ? path : 'unmatched';
}

/** How many event streams are open. */
@Injectable()
export class OpenStreams {
  constructor(@InjectMetric('http_open_streams') private readonly gauge: Gauge) {}

  /** Call the returned function when the stream is over; further calls do nothing. */
  open(): () => void {
    this.gauge.inc();
    let isOpen = true;
    return () => {
      if (isOpen) this.gauge.dec();
      isOpen = false;
    };
  }
}
