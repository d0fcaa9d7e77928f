import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { limitHeaders } from '../limit-headers.js';
import type { QuotaState } from '../quota-store.js';
import { quotaExceeded } from '../rate-limit.errors.js';
import { clientAddress } from '../../../shared/http/client-address.js';
import { FamiliarAddresses } from './familiar-addresses.js';
import { triedAccount } from './throttlers.js';

/** Is it too much, whoever it is? What is counted and for whom is in `throttlers.ts`. */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly familiar: FamiliarAddresses,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(options, storage, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isAdmitted = await super.canActivate(context);
    const account = triedAccount(this.reflector, context);
    if (account !== undefined) this.rememberSuccess(account, context);
    return isAdmitted;
  }

  /** Instead of the framework's: its headers have a suffix per limit, and its refusal is no problem of ours. */
  protected override async handleRequest(asked: ThrottlerRequest): Promise<boolean> {
    const { context, throttler, limit, ttl, blockDuration } = asked;
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = asked.generateKey(context, await asked.getTracker(request, context), throttler.name!);
    const record = await this.storageService.increment(key, ttl, limit, blockDuration, throttler.name!);
    const now = this.clock.now();
    const state: QuotaState = {
      scope: 'requests_per_minute',
      limit: BigInt(limit),
      used: BigInt(record.totalHits),
      reserved: 0n,
      resetAt: new Date(now.getTime() + record.timeToExpire * 1000),
    };
    if (record.isBlocked || isTightest(state, response)) response.set(limitHeaders([state], now));
    if (record.isBlocked) throw quotaExceeded(state, now);
    return true;
  }

  private rememberSuccess(account: string, context: ExecutionContext): void {
    const address = clientAddress(context.switchToHttp().getRequest<Request>());
    const response = context.switchToHttp().getResponse<Response>();
    response.once('finish', () => {
      if (response.statusCode < 300) void this.familiar.add(account, address);
    });
  }
}

/** Of several limits the one is shown that is reached first. */
function isTightest({ limit, used }: QuotaState, response: Response): boolean {
  const shown = response.getHeader('X-RateLimit-Remaining');
  return shown === undefined || Number(limit - used) < Number(shown);
}
