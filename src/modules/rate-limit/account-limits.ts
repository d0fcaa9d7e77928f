import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { AppError } from '../../shared/errors/app-error.js';
import {
  type ErasedUser,
  type ErasureParticipant,
  ErasureParticipants,
} from '../../shared/erasure/erasure-participants.js';
import { QUOTA_STORE, type QuotaStore } from './quota-store.js';
import { orUnavailable } from './rate-limit.errors.js';
import { FamiliarAddresses, familiarKey } from './throttle/familiar-addresses.js';
import { limitKey } from './throttle/limit-key.js';
import { ThrottleStorage } from './throttle/throttle.storage.js';

/** What one user may do only so often, apart from runs. */
const RARE = {
  /** Reads everything there is of them. */
  export: { windowMs: 3_600_000, limit: 3 },
  /** Where a password could be guessed by somebody who has a token: all such routes together. */
  confirmation: { windowMs: 60_000, limit: 5 },
} as const;
export type RareAction = keyof typeof RARE;

/** Limits of users on what is rare; and what is counted for a user, when that is to go. */
@Injectable()
export class AccountLimits implements ErasureParticipant, OnModuleInit {
  readonly name = 'limits';

  constructor(
    private readonly windows: ThrottleStorage,
    private readonly familiar: FamiliarAddresses,
    @Inject(QUOTA_STORE) private readonly quotas: QuotaStore,
    private readonly participants: ErasureParticipants,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.participants.register(this);
  }

  /** Throws `rate_limited` (429). */
  async take(action: RareAction, userId: string): Promise<void> {
    const { windowMs, limit } = RARE[action];
    const { isBlocked, timeToBlockExpire } = await this.windows.increment(
      limitKey(action, userId),
      windowMs,
      limit,
    );
    if (!isBlocked) return;
    const seconds = Math.max(1, Math.ceil(timeToBlockExpire));
    throw new AppError('rate-limited', 'rate_limited', {
      detail: `This may be done ${limit} times in ${windowMs / 60_000} minutes, and was.`,
      retryAfterSeconds: seconds,
      extensions: {
        scope: `${action}s`,
        limit,
        remaining: 0,
        reset_at: new Date(this.clock.now().getTime() + seconds * 1000).toISOString(),
      },
    });
  }

  /** Windows by address are nobody's in particular, and over within a minute. */
  async erase({ id, email }: ErasedUser): Promise<void> {
    if (email !== null) this.familiar.forgetHere(email);
    const actions = (Object.keys(RARE) as RareAction[]).map((action) => limitKey(action, id));
    const byEmail = email === null ? [] : [familiarKey(email), limitKey('account', email)];
    await this.windows.forget([...byEmail, ...actions]);
    await orUnavailable(this.quotas.erase(id));
  }
}
