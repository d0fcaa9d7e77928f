import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PrincipalService } from '../auth/index.js';
import { CurrentLimits } from '../rate-limit/index.js';

/** Tells the quotas of runs what ceilings their users have by now: a change is in force within seconds, for running runs too. */
@Injectable()
export class RunLimits implements OnModuleInit {
  constructor(
    private readonly limits: CurrentLimits,
    private readonly principals: PrincipalService,
  ) {}

  onModuleInit(): void {
    this.limits.use((userId) => this.principals.currentPrincipalOf(userId));
  }
}
