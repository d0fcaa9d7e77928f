import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { PinoLogger } from 'nestjs-pino';
import { Gauge, register } from 'prom-client';
import { HttpConfig } from '../../config/app-config.js';
import { Secret } from '../../config/secret.js';
import { ProblemFilter } from '../../shared/errors/problem.filter.js';
import { MetricsController } from './metrics.controller.js';

describe('GET /metrics', () => {
  const running: NestExpressApplication[] = [];
  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
    register.clear();
  });

  async function start(token?: string): Promise<(authorization?: string) => Promise<Response>> {
    const silent = { debug: () => undefined };
    const module = await Test.createTestingModule({
      controllers: [MetricsController],
      providers: [
        {
          provide: HttpConfig,
          useValue: { metricsToken: token === undefined ? undefined : new Secret(token) },
        },
        { provide: PinoLogger, useValue: silent },
      ],
    }).compile();
    const app = module.createNestApplication<NestExpressApplication>({ logger: false });
    app.useGlobalFilters(new ProblemFilter(silent as unknown as PinoLogger));
    await app.listen(0, '127.0.0.1');
    running.push(app);
    new Gauge({ name: 'a_gauge', help: 'For this test' }).set(7);
    const url = `${await app.getUrl()}/metrics`;
    return (authorization) => fetch(url, { headers: authorization === undefined ? {} : { authorization } });
  }

  it('is open where no token is configured', async () => {
    const get = await start();
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('a_gauge 7\n');
  });

  it('is for whoever has the token where one is configured', async () => {
    const get = await start('canary-token');
    expect((await get('Bearer canary-token')).status).toBe(200);
    for (const wrong of [
      undefined,
      'Bearer',
      'Bearer canary-tokem',
      'Bearer canary-token2',
      'Basic canary-token',
    ]) {
      const response = await get(wrong);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="perch"',
      ]);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ status: 401, code: 'unauthenticated' });
      expect(text).not.toMatch(/canary|a_gauge/);
    }
  });

  it('takes the scheme in any case', async () => {
    const get = await start('canary-token');
    expect((await get('bearer canary-token')).status).toBe(200);
  });
});
