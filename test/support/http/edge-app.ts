import { connect } from 'node:net';
import { Controller, Get, HttpException, Module, Param, Post, Res, Body } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IsOptional, IsString } from 'class-validator';
import type { RequestHandler, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import type { HttpConfig } from '../../../src/config/app-config.js';
import { requestContext } from '../../../src/shared/context/request-context.js';
import { notFound } from '../../../src/shared/errors/app-error.js';
import { unmatchedRoute } from '../../../src/shared/errors/no-such-route.js';
import { ProblemError } from '../../../src/shared/errors/problem-error.js';
import { ProblemFilter } from '../../../src/shared/errors/problem.filter.js';
import { configureHttp } from '../../../src/shared/http/configure-http.js';
import { HardenedExpressAdapter } from '../../../src/shared/http/hardened-express.adapter.js';
import { createValidationPipe } from '../../../src/shared/http/validation.pipe.js';

/** What a bug's message may hold; no answer may. */
export const BUG_TEXT = 'SELECT * FROM secret WHERE password = canary-0815';

class ThingBody {
  @IsString()
  name!: string;

  @IsOptional()
  @IsString()
  colour?: string;
}

/** One route for each way a request can end. */
@Controller('things')
class ThingsController {
  constructor(private readonly logger: PinoLogger) {}

  @Get('bug')
  bug(): never {
    throw new TypeError(BUG_TEXT);
  }

  @Get('database-away')
  databaseAway(): never {
    throw Object.assign(new Error(`connect ECONNREFUSED ${BUG_TEXT}`), { code: 'ECONNREFUSED' });
  }

  @Get('refused/:status')
  refused(@Param('status') status: string): never {
    throw new HttpException(BUG_TEXT, Number(status));
  }

  @Get('express/:status')
  express(@Param('status') status: string): never {
    throw Object.assign(new Error(BUG_TEXT), { status: Number(status), expose: true });
  }

  @Get('made-elsewhere')
  madeElsewhere(): never {
    throw new ProblemError({
      type: 'urn:perch:problem:provider_timeout',
      title: 'Late',
      status: 504,
      detail: 'Too late.',
      code: 'provider_timeout',
    });
  }

  @Get('half')
  half(@Res() response: Response): never {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    throw new Error(BUG_TEXT);
  }

  @Get('context')
  context(): unknown {
    return { request_id: requestContext.current()?.requestId };
  }

  @Get('never')
  never(): Promise<never> {
    this.logger.info({ event: 'waiting' });
    return new Promise(() => undefined);
  }

  @Get(':id')
  read(): never {
    throw notFound();
  }

  @Post()
  make(@Body() body: ThingBody): ThingBody {
    return body;
  }
}

@Controller()
class RootController {
  @Get('health/live')
  live(): unknown {
    return { status: 'ok' };
  }

  @Get()
  page(): string {
    return '<p>page</p>';
  }
}

export interface LogLine {
  readonly level: string;
  readonly [member: string]: unknown;
}

export interface EdgeApp {
  readonly app: NestExpressApplication;
  readonly url: string;
  readonly lines: LogLine[];
  /** Sends bytes as they are and reads until the server closes. */
  raw(bytes: string | Buffer): Promise<string>;
  stop(): Promise<void>;
}

const CONFIG: HttpConfig = {
  trustedProxyHops: 0,
  corsOrigins: [],
  allowedHosts: [],
  metricsToken: undefined,
  docsEnabled: false,
  bodyLimitBytes: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  streamWriteTimeoutMs: 10_000,
};

/** The HTTP edge as the application has it, in front of routes that do nothing but end. */
export async function startEdgeApp(
  config: Partial<HttpConfig> = {},
  parts: { watch?: RequestHandler } = {},
): Promise<EdgeApp> {
  const http = { ...CONFIG, ...config };
  const lines: LogLine[] = [];
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (line: object) => void lines.push({ level, ...line }),
    ]),
  );

  @Module({
    controllers: [ThingsController, RootController],
    providers: [
      { provide: PinoLogger, useValue: logger },
      { provide: APP_PIPE, useFactory: createValidationPipe },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
  })
  class EdgeModule {}

  const app = await NestFactory.create<NestExpressApplication>(EdgeModule, new HardenedExpressAdapter(http), {
    bodyParser: false,
    logger: false,
  });
  app.setGlobalPrefix('api/v1', { exclude: ['/', 'health/*path'] });
  configureHttp(app, http, parts);
  await app.init();
  app.use(unmatchedRoute);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    lines,
    raw: (bytes) => talk(Number(new URL(url).port), bytes),
    stop: () => app.close(),
  };
}

function talk(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(10_000, () => socket.destroy(new Error('the server kept the connection open')));
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
