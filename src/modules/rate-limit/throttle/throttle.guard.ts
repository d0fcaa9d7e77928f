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
import { RateLimitConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type CredentialsOutcome, requestContext } from '../../../shared/context/request-context.js';
import { limitHeaders } from '../limit-headers.js';
import type { QuotaState } from '../quota-store.js';
import { loginHeldUp, quotaExceeded } from '../rate-limit.errors.js';
import { clientAddress } from '../../../shared/http/client-address.js';
import { FamiliarAddresses } from './familiar-addresses.js';
import { FREE_FAILURES, LoginBackoff } from './login-backoff.js';
import { attemptsOf, trialOf, triedAccount } from './throttlers.js';

/** Is it too much, whoever it is? What is counted and for whom is in `throttlers.ts`. */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly familiar: FamiliarAddresses,
    private readonly backoff: LoginBackoff,
    private readonly config: RateLimitConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(options, storage, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isAdmitted = await super.canActivate(context);
    if (this.config.loginsPerMinute === 0 || !trialOf(this.reflector, context)) return isAdmitted;
    const account = triedAccount(this.reflector, context);
    const whose = account === undefined ? undefined : await attemptsOf(this.familiar, account, context);
    if (whose !== undefined) await this.assertNotHeldUp(whose);
    this.watch(context, account, whose);
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

  private async assertNotHeldUp(whose: string): Promise<void> {
    const waitMs = await this.backoff.waitMs(whose);
    if (waitMs > 0) throw loginHeldUp(FREE_FAILURES, waitMs, this.clock.now());
  }

  /** Learns from the answer what became of the attempt. */
  private watch(context: ExecutionContext, account: string | undefined, whose: string | undefined): void {
    const address = clientAddress(context.switchToHttp().getRequest<Request>());
    const response = context.switchToHttp().getResponse<Response>();
    const request = requestContext.current();
    response.once('finish', () => {
      const trial = request?.trial;
      const proven =
        trial?.outcome === 'proven' ? trial.account : response.statusCode < 300 ? account : undefined;
      if (proven !== undefined) void this.succeeded(proven, whose ?? proven, address);
      else if (whose !== undefined && response.statusCode === 401) void this.failed(whose, trial);
    });
  }

  private async succeeded(account: string, whose: string, address: string): Promise<void> {
    await this.familiar.add(account, address);
    await this.backoff.cleared(whose);
  }

  private async failed(whose: string, trial: CredentialsOutcome | undefined): Promise<void> {
    const { failures, waitMs } = await this.backoff.failed(whose);
    if (failures === FREE_FAILURES && trial?.outcome === 'failed') trial.onHeldUp(failures, waitMs);
  }
}

/** Of several limits the one is shown that is reached first. */
function isTightest({ limit, used }: QuotaState, response: Response): boolean {
  const shown = response.getHeader('X-RateLimit-Remaining');
  return shown === undefined || Number(limit - used) < Number(shown);
}
