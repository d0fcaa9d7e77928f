import { Test } from '@nestjs/testing';
import { PinoLogger } from 'nestjs-pino';
import { register } from 'prom-client';
import { type EdgeApp, startEdgeApp } from '../../../test/support/http/edge-app.js';
import { until } from '../../../test/support/until.js';
import { requestContext } from '../../shared/context/request-context.js';
import { HTTP_METRIC_PROVIDERS, HttpMetrics, OpenStreams } from './http-metrics.js';

type Line = Record<string, unknown>;

describe('HTTP metrics', () => {
  let edge: EdgeApp;
  let metrics: HttpMetrics;
  let streams: OpenStreams;
  let lines: Line[];

  beforeEach(async () => {
    register.clear();
    lines = [];
    const logger = {
      info: (line: Line) => void lines.push({ ...line, request_id: requestContext.current()?.requestId }),
    };
    const module = await Test.createTestingModule({
      providers: [
        ...HTTP_METRIC_PROVIDERS,
        HttpMetrics,
        OpenStreams,
        { provide: PinoLogger, useValue: logger },
      ],
    }).compile();
    metrics = module.get(HttpMetrics);
    streams = module.get(OpenStreams);
    edge = await startEdgeApp({}, { watch: metrics.watch });
  });
  afterEach(async () => {
    await edge.stop();
    register.clear();
  });

  async function counted(): Promise<string[]> {
    const text = await register.getSingleMetricAsString('http_requests_total');
    return text.split('\n').filter((line) => line.startsWith('http_requests_total'));
  }

  it('counts and logs a request by the template of its route, with its id', async () => {
    await fetch(`${edge.url}/api/v1/things/4711?token=canary`, { headers: { 'x-request-id': 'r1' } });
    await until(() => lines.length === 1);
    expect(lines).toEqual([
      {
        event: 'http.request',
        method: 'GET',
        route: '/api/v1/things/:id',
        status: 404,
        duration_ms: expect.any(Number),
        request_id: 'r1',
      },
    ]);
    expect(await counted()).toEqual([
      'http_requests_total{method="GET",route="/api/v1/things/:id",status="404"} 1',
    ]);
    expect(await register.getSingleMetricAsString('http_request_duration_seconds')).toContain(
      'http_request_duration_seconds_count{method="GET",route="/api/v1/things/:id",status="404"} 1',
    );
  });

  it('counts what is refused before any route is found', async () => {
    const url = `${edge.url}/api/v1/things`;
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    await fetch(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' });
    await fetch(`${edge.url}/nowhere`);
    await fetch(`${edge.url}/health/live`, { method: 'DELETE' });
    await until(() => lines.length === 4);
    expect(await counted()).toEqual([
      'http_requests_total{method="POST",route="unmatched",status="400"} 1',
      'http_requests_total{method="POST",route="unmatched",status="415"} 1',
      'http_requests_total{method="GET",route="unmatched",status="404"} 1',
      'http_requests_total{method="DELETE",route="unmatched",status="405"} 1',
    ]);
  });

  it('F61: has as many series for a thousand paths, ids and methods as for one', async () => {
    for (let index = 0; index < 100; index += 1) {
      await fetch(`${edge.url}/nowhere/${index}`);
      await fetch(`${edge.url}/api/v1/things/${index}`);
    }
    for (const method of ['PROPFIND', 'PURGE', 'LOCK']) await fetch(`${edge.url}/nowhere`, { method });
    await until(() => lines.length === 203);
    expect(await counted()).toEqual([
      'http_requests_total{method="GET",route="unmatched",status="404"} 100',
      'http_requests_total{method="GET",route="/api/v1/things/:id",status="404"} 100',
      'http_requests_total{method="OTHER",route="unmatched",status="404"} 3',
    ]);
  });

  it('counts probes, but does not log them', async () => {
    await fetch(`${edge.url}/health/live`);
    await until(async () => (await counted()).length === 1);
    expect(await counted()).toEqual([
      'http_requests_total{method="GET",route="/health/live",status="200"} 1',
    ]);
    expect(lines).toEqual([]);
  });

  it('tells a client that left from an answer', async () => {
    const client = new AbortController();
    const answer = fetch(`${edge.url}/api/v1/things/never`, { signal: client.signal });
    await until(() => edge.lines.some(({ event }) => event === 'waiting'));
    client.abort();
    await expect(answer).rejects.toThrow();
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ status: 499, aborted: true });
  });

  it('knows how many streams are open', async () => {
    const gauge = async (): Promise<string> => await register.getSingleMetricAsString('http_open_streams');
    const close = streams.open();
    streams.open();
    expect(await gauge()).toContain('http_open_streams 2');
    close();
    close();
    expect(await gauge()).toContain('http_open_streams 1');
  });
});
