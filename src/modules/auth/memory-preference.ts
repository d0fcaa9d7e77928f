import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { PrincipalService } from './principal.service.js';
import { tokenRevoked } from './auth.errors.js';
import { UserAccountRepository } from './user-account.repository.js';

/** Whether a user wants facts about them kept. It is part of the principal, so that asking for it costs nothing. */
@Injectable()
export class MemoryPreference {
  constructor(
    private readonly accounts: UserAccountRepository,
    private readonly principals: PrincipalService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Holds here at once and on other replicas within PRINCIPAL_TTL_MS. */
  async set(userId: string, isEnabled: boolean): Promise<void> {
    if (!(await this.accounts.setMemoryEnabled(userId, isEnabled, this.clock.now()))) throw tokenRevoked();
    this.principals.forget(userId);
  }
}
