import { Module } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerModuleOptions } from '@nestjs/throttler';
import type { Request } from 'express';
import { RateLimitConfig } from '../../../config/app-config.js';
import { clientAddress } from '../../../shared/http/client-address.js';
import { FamiliarAddresses } from './familiar-addresses.js';
import { limitKey } from './limit-key.js';
import { LoginBackoff } from './login-backoff.js';
import { RedisOrLocal } from './redis-or-local.js';
import { ThrottleGuard } from './throttle.guard.js';
import { ThrottleStorage } from './throttle.storage.js';
import { throttlersFor } from './throttlers.js';

@Module({
  providers: [RedisOrLocal, FamiliarAddresses, LoginBackoff, ThrottleStorage],
  exports: [FamiliarAddresses, LoginBackoff, ThrottleStorage],
})
class CountingModule {}

/** Limits before anybody is known. */
@Module({
  imports: [
    CountingModule,
    ThrottlerModule.forRootAsync({
      imports: [CountingModule],
      inject: [RateLimitConfig, Reflector, FamiliarAddresses, ThrottleStorage],
      useFactory: (
        config: RateLimitConfig,
        reflector: Reflector,
        familiar: FamiliarAddresses,
        storage: ThrottleStorage,
      ): ThrottlerModuleOptions => ({
        throttlers: throttlersFor(config, reflector, familiar),
        storage,
        getTracker: (_request, context) => clientAddress(context.switchToHttp().getRequest<Request>()),
        // All routes count together; the framework's own keys are per route.
        generateKey: (_context, tracker, name) => limitKey(name, tracker),
      }),
    }),
  ],
  providers: [ThrottleGuard],
  // The guard is used application-wide (APP_GUARD), so what it is made of is exported with it.
  exports: [ThrottleGuard, CountingModule],
})
export class ThrottleModule {}
