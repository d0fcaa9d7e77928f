import { Controller, Get, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PinoLogger } from 'nestjs-pino';
import { ConfigModule } from '../../../src/config/config.module.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { Account } from '../../../src/modules/auth/account.js';
import { AccountsService } from '../../../src/modules/auth/accounts.service.js';
import { AuthController } from '../../../src/modules/auth/auth.controller.js';
import { loginFailed } from '../../../src/modules/auth/auth.errors.js';
import { SessionsService } from '../../../src/modules/auth/sessions.service.js';
import { HealthController } from '../../../src/modules/observability/health.controller.js';
import { HealthService } from '../../../src/modules/observability/health.service.js';
import { MetricsController } from '../../../src/modules/observability/metrics.controller.js';
import { ThrottleGuard } from '../../../src/modules/rate-limit/throttle/throttle.guard.js';
import { ThrottleModule } from '../../../src/modules/rate-limit/throttle/throttle.module.js';
import { RedisModule } from '../../../src/redis/redis.module.js';
import { CLOCK, type Clock, systemClock } from '../../../src/shared/context/clock.js';
import { ProblemFilter } from '../../../src/shared/errors/problem.filter.js';
import { configureHttp } from '../../../src/shared/http/configure-http.js';
import { HardenedExpressAdapter } from '../../../src/shared/http/hardened-express.adapter.js';
import { createValidationPipe } from '../../../src/shared/http/validation.pipe.js';
import { KeptLog } from '../a-logger.js';
import { TEST_ENVIRONMENT } from '../perch/test-perch.js';

export const PASSWORD = 'correct horse battery';

@Controller('things')
class ThingsController {
  @Get()
  list(): unknown {
    return [];
  }

  @Get('other')
  other(): unknown {
    return {};
  }
}

/** Accounts that are all there, with one and the same password. */
const accounts: Pick<AccountsService, 'login' | 'register'> = {
  login: async (email, password) => {
    if (password !== PASSWORD) throw loginFailed();
    return anAccount(email);
  },
  register: async (email) => anAccount(email),
};

const sessions: Pick<SessionsService, 'open' | 'refresh'> = {
  open: async (account) => signedIn(account),
  refresh: async () => signedIn(anAccount('ada@example.com')),
};

const anAccount = (email: string): Account => ({
  id: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
  kind: 'local',
  email,
  name: null,
  passwordHash: '',
  tier: 'free',
  roles: ['user'],
  permissions: [],
  limits: {},
  tools: { denied: new Set() },
  isDisabled: false,
  isMemoryEnabled: false,
});

const signedIn = (account: Account) => ({
  account,
  accessToken: 'access',
  refreshToken: 'refresh',
  expiresInSeconds: 900,
});

export interface ThrottledApp {
  readonly url: string;
  readonly log: KeptLog;
  /** `from` is what the proxy in front of it says of the client, when one is trusted. */
  get(path: string, from?: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body: unknown, from?: string): Promise<Response>;
  login(email: string, password: string, from?: string): Promise<number>;
  stop(): Promise<void>;
}

/** The HTTP edge, the first guard, and the routes that it knows by name, in front of services that need no database. */
export async function startThrottledApp(
  env: Readonly<Record<string, string>>,
  clock: Clock = systemClock,
): Promise<ThrottledApp> {
  const config = loadConfig({ ...TEST_ENVIRONMENT, ...env });
  const log = new KeptLog();

  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useValue: clock },
      { provide: PinoLogger, useValue: log.logger },
    ],
    exports: [CLOCK, PinoLogger],
  })
  class SurroundingsModule {}

  @Module({
    imports: [ConfigModule.forRoot(config), SurroundingsModule, RedisModule, ThrottleModule],
    controllers: [ThingsController, HealthController, MetricsController, AuthController],
    providers: [
      { provide: AccountsService, useValue: accounts },
      { provide: SessionsService, useValue: sessions },
      { provide: HealthService, useValue: { assertReady: async () => ({}) } },
      { provide: APP_GUARD, useExisting: ThrottleGuard },
      { provide: APP_PIPE, useFactory: createValidationPipe },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
  })
  class ThrottledModule {}

  const app = await NestFactory.create<NestExpressApplication>(
    ThrottledModule,
    new HardenedExpressAdapter(config.http),
    { bodyParser: false, logger: false },
  );
  app.setGlobalPrefix('api/v1', { exclude: ['health/*path', 'metrics'] });
  configureHttp(app, config.http);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const forwarded = (from: string | undefined): Record<string, string> =>
    from === undefined ? {} : { 'x-forwarded-for': from };
  const post: ThrottledApp['post'] = (path, body, from) =>
    fetch(`${url}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...forwarded(from) },
      body: JSON.stringify(body),
    });
  return {
    url,
    log,
    get: (path, from, headers) => fetch(`${url}${path}`, { headers: { ...forwarded(from), ...headers } }),
    post,
    login: async (email, password, from) => (await post('auth/login', { email, password }, from)).status,
    stop: () => app.close(),
  };
}
