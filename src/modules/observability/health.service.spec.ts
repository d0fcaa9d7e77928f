import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { PinoLogger } from 'nestjs-pino';
import { KeptLog } from '../../../test/support/a-logger.js';
import type { SchemaState } from '../../database/migrate.js';
import { REDIS } from '../../redis/redis.module.js';
import { AppError } from '../../shared/errors/app-error.js';
import { DatabaseHealthRepository } from './database-health.repository.js';
import { Draining } from './draining.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

const away = (): Promise<never> => Promise.reject(new Error('connect postgres://perch:canary@db:5432'));

interface Dependencies {
  database?: () => Promise<SchemaState>;
  redis?: (() => Promise<string>) | null;
}

async function start({ database = async () => 'current', redis = null }: Dependencies = {}) {
  const log = new KeptLog();
  const module = await Test.createTestingModule({
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [
      HealthService,
      Draining,
      { provide: DatabaseHealthRepository, useValue: { state: database } },
      { provide: REDIS, useValue: redis && { ping: redis } },
      { provide: PinoLogger, useValue: log.logger },
    ],
  }).compile();
  return { controller: module.get(HealthController), draining: module.get(Draining), log };
}

async function refusalOf(ready: Promise<unknown>): Promise<AppError> {
  const outcome = await ready.then(
    () => 'ready',
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error(`it was not refused: ${String(outcome)}`);
}

describe('health', () => {
  it('is ready when the database answers, and Redis where it is used', async () => {
    expect(await (await start()).controller.ready()).toEqual({ status: 'ok', checks: { database: 'up' } });
    expect(await (await start({ redis: async () => 'PONG' })).controller.ready()).toEqual({
      status: 'ok',
      checks: { database: 'up', redis: 'up' },
    });
  });

  it.each<[string, Dependencies, Record<string, string>, string]>([
    ['the database is away', { database: away }, { database: 'down' }, 'Not ready: database.'],
    ['Redis is away', { redis: away }, { database: 'up', redis: 'down' }, 'Not ready: redis.'],
    [
      'both are away',
      { database: away, redis: away },
      { database: 'down', redis: 'down' },
      'Not ready: database, redis.',
    ],
  ])('names what fails, and nothing else of it, when %s', async (_what, dependencies, checks, detail) => {
    const { controller } = await start(dependencies);
    const refusal = await refusalOf(controller.ready());
    expect(refusal).toMatchObject({ kind: 'unavailable', code: 'dependency_unavailable', detail });
    expect(refusal.extensions).toEqual({ checks });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(0);
  });

  it.each(['pending', 'newer'] as const)(
    'F35: is not ready where the schema is %s: this build was made for another',
    async (schema) => {
      const { controller, log } = await start({ database: async () => schema });
      const refusal = await refusalOf(controller.ready());
      expect(refusal).toMatchObject({ code: 'dependency_unavailable', detail: 'Not ready: database.' });
      expect(refusal.extensions).toEqual({ checks: { database: 'down' } });
      await refusalOf(controller.ready());
      expect(log.entries).toMatchObject([{ event: 'health.schema', state: schema }]);
    },
  );

  it('answers although a dependency does not', async () => {
    const { controller } = await start({ redis: () => new Promise<never>(() => undefined) });
    expect((await refusalOf(controller.ready())).extensions).toEqual({
      checks: { database: 'up', redis: 'down' },
    });
  });

  it('is not ready once the process is on its way down, and stays alive', async () => {
    const { controller, draining } = await start();
    draining.begin();
    expect(await refusalOf(controller.ready())).toMatchObject({ kind: 'unavailable', code: 'shutting_down' });
    expect(controller.live()).toEqual({ status: 'ok' });
  });

  it('asks nobody whether it is alive', async () => {
    const { controller } = await start({ database: away, redis: away });
    expect(controller.live()).toEqual({ status: 'ok' });
  });

  it('asks the database once for many probes at a time', async () => {
    let asked = 0;
    const { controller } = await start({
      database: async () => {
        asked += 1;
        return 'current';
      },
    });
    await Promise.all(Array.from({ length: 50 }, () => controller.ready()));
    expect(asked).toBe(1);
  });
});
