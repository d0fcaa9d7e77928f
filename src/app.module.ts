import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { AgentModule, IdempotencyGuard } from './modules/agent/index.js';
import { AuthGuard, AuthModule, PermissionGuard } from './modules/auth/index.js';
import { ConversationModule } from './modules/conversation/index.js';
import { ObservabilityModule } from './modules/observability/index.js';
import { ProvidersModule } from './modules/providers/index.js';
import {
  ConfirmationLimitModule,
  QuotaGuard,
  RateLimitModule,
  ThrottleGuard,
  TokenAccountingInterceptor,
} from './modules/rate-limit/index.js';
import { ToolsModule } from './modules/tools/index.js';
import { PageModule } from './page/page.module.js';
import { RedisModule } from './redis/redis.module.js';
import { ContextModule } from './shared/context/context.module.js';
import { ProblemFilter } from './shared/errors/problem.filter.js';
import { createValidationPipe } from './shared/http/validation.pipe.js';

/**
 * The wiring of the whole house, and the only place where something applies to every route. The order of the lines is
 * the order in which they run: request context and security headers come before all of it, as middleware.
 */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        ContextModule,
        DatabaseModule,
        RedisModule,
        ObservabilityModule.forRoot(config.process),
        AuthModule,
        RateLimitModule,
        ConfirmationLimitModule,
        ProvidersModule,
        ToolsModule,
        ConversationModule,
        AgentModule,
        PageModule,
      ],
      providers: [
        // Is it too much, whoever it is? Counts requests per client address, and attempts to log in.
        { provide: APP_GUARD, useExisting: ThrottleGuard },
        // Who is it?
        { provide: APP_GUARD, useExisting: AuthGuard },
        // May they?
        { provide: APP_GUARD, useExisting: PermissionGuard },
        // Did they ask for this before? Whoever repeats a request gets the run of the first, and spends nothing.
        { provide: APP_GUARD, useExisting: IdempotencyGuard },
        // Have they anything left? Reserves what the request may at most use.
        { provide: APP_GUARD, useExisting: QuotaGuard },
        // Settles the reservation to what was used, whoever left or failed.
        { provide: APP_INTERCEPTOR, useExisting: TokenAccountingInterceptor },
        { provide: APP_PIPE, useFactory: createValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
