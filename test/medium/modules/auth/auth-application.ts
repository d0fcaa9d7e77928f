import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Global,
  HttpException,
  type INestApplication,
  Module,
  type ValidationError,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { ControlConnection } from '../../../../src/database/control-connection.js';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { NextFunction, Request, Response } from 'express';
import { LoggerModule } from 'nestjs-pino';
import supertest from 'supertest';
import type { DataSource } from 'typeorm';
import { ConfigModule } from '../../../../src/config/config.module.js';
import { loadConfig } from '../../../../src/config/load-config.js';
import { AuthGuard, AuthModule, PermissionGuard } from '../../../../src/modules/auth/index.js';
import { CurrentPrincipal } from '../../../../src/shared/access/current-principal.decorator.js';
import { Public } from '../../../../src/shared/access/public.decorator.js';
import { RequirePermission } from '../../../../src/shared/access/require-permission.decorator.js';
import { CLOCK, type Clock } from '../../../../src/shared/context/clock.js';
import { IDS, uuidV7Ids } from '../../../../src/shared/context/ids.js';
import type { Principal } from '../../../../src/shared/context/principal.js';
import { CONFIRMATION_LIMIT } from '../../../../src/shared/access/confirmation-limit.js';
import { requestContext } from '../../../../src/shared/context/request-context.js';
import { validationFailed } from '../../../../src/shared/errors/app-error.js';
import { toProblem } from '../../../../src/shared/errors/problem-catalog.js';
import { createTestDatabase } from '../../../support/servers/test-database.js';

export const JWT_SECRET = 'f3c1a2b7d9e84c65a0b1f2d3e4c5b6a7-test-signing-key';
export const START = new Date('2026-11-24T09:00:00.000Z');

/** Time that moves only when it is told to. */
export class HandClock implements Clock {
  private elapsedMs = 0;

  now(): Date {
    return new Date(START.getTime() + this.elapsedMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  advance(ms: number): void {
    this.elapsedMs += ms;
  }
}

/** Everything that was logged in this spec file, one JSON line each. */
export const logLines: string[] = [];

/** Routes that ask for each kind of access. */
@Controller('probe')
class ProbeController {
  @Get('open')
  @Public()
  open(): { isOpen: boolean } {
    return { isOpen: true };
  }

  @Get('tier')
  tier(@CurrentPrincipal() principal: Principal): { tier: string } {
    return { tier: principal.tier };
  }

  @Get('admin')
  @RequirePermission('admin')
  admin(): { isAdmin: boolean } {
    return { isAdmin: true };
  }
}

@Catch()
class ProblemTestFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const problem = error instanceof HttpException ? { status: error.getStatus() } : toProblem(error);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

export interface AuthApplication {
  readonly app: INestApplication;
  readonly http: ReturnType<typeof supertest>;
  readonly clock: HandClock;
  readonly dataSource: DataSource;
  readonly databaseUrl: string;
  readonly dataDir: string;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/** The auth module in an application of its own, on a database of its own unless one is given. */
export async function startAuthApplication(
  environment: Environment = {},
  shared?: Pick<AuthApplication, 'dataSource' | 'databaseUrl' | 'dataDir'>,
): Promise<AuthApplication> {
  const database = shared ? undefined : await createTestDatabase();
  const databaseUrl = shared?.databaseUrl ?? database!.url;
  const dataDir = shared?.dataDir ?? (await mkdtemp(join(tmpdir(), 'perch-auth-')));
  const clock = new HandClock();
  const config = loadConfig({
    NODE_ENV: 'test',
    AUTH_JWT_SECRET: JWT_SECRET,
    PERCH_DATA_DIR: dataDir,
    PERCH_DEMO_ACCOUNT: 'false',
    DATABASE_URL: databaseUrl,
    ...environment,
  });

  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useValue: clock },
      { provide: IDS, useValue: uuidV7Ids },
      { provide: CONFIRMATION_LIMIT, useValue: { take: async () => undefined } },
      ControlConnection,
    ],
    exports: [CLOCK, IDS, CONFIRMATION_LIMIT, ControlConnection],
  })
  class ContextModule {}

  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot(config),
      ContextModule,
      LoggerModule.forRoot({
        pinoHttp: [{ autoLogging: false }, { write: (line) => void logLines.push(line) }],
      }),
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: databaseUrl,
        autoLoadEntities: true,
        synchronize: false,
      }),
      AuthModule,
    ],
    controllers: [ProbeController],
    providers: [
      { provide: APP_GUARD, useExisting: AuthGuard },
      { provide: APP_GUARD, useExisting: PermissionGuard },
      { provide: APP_FILTER, useClass: ProblemTestFilter },
      {
        provide: APP_PIPE,
        useValue: new ValidationPipe({
          whitelist: true,
          forbidNonWhitelisted: true,
          transform: true,
          exceptionFactory: (errors: ValidationError[]) =>
            validationFailed(
              errors.map((error) => ({ pointer: `/${error.property}`, detail: 'is not valid' })),
            ),
        }),
      },
    ],
  }).compile();

  const app = module.createNestApplication({ logger: false });
  app.use((_: Request, __: Response, next: NextFunction) => requestContext.run({ requestId: 'test' }, next));
  await app.listen(0, '127.0.0.1');
  return {
    app,
    http: supertest(app.getHttpServer()),
    clock,
    dataSource: shared?.dataSource ?? database!.dataSource,
    databaseUrl,
    dataDir,
    close: async () => {
      await app.close();
      if (!shared) await rm(dataDir, { recursive: true, force: true });
      await database?.drop();
    },
  };
}

export const PASSWORD = 'correct horse battery staple';

export interface Tokens {
  readonly user: { readonly id: string; readonly email: string; readonly tier: string };
  readonly access_token: string;
  readonly refresh_token: string;
}

let counter = 0;

/** A new account with an email of its own, logged in. */
export async function registered({ http }: AuthApplication): Promise<Tokens> {
  counter += 1;
  const response = await http
    .post('/auth/register')
    .send({ email: `user${counter}@example.com`, password: PASSWORD });
  if (response.status !== 201) throw new Error(`registration failed: ${response.text}`);
  return response.body as Tokens;
}
