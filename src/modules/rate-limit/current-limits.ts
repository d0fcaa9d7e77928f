import { Injectable } from '@nestjs/common';
import type { Principal } from '../../shared/context/principal.js';

/** What decides a user's ceilings, as it is now. `undefined`: the account is gone or disabled. */
export type AskForLimits = (userId: string) => Promise<Pick<Principal, 'tier' | 'limits'> | undefined>;

/**
 * What ceilings an administrator has given a user meanwhile. Accounts are known elsewhere; whoever knows them says so here,
 * so that this module knows nothing of them.
 */
@Injectable()
export class CurrentLimits {
  private ask: AskForLimits = () => Promise.resolve(undefined);

  use(ask: AskForLimits): void {
    this.ask = ask;
  }

  /** Those that were `known` last where nobody can say: the account is gone, or the database is away. */
  async of(
    userId: string,
    known: Pick<Principal, 'tier' | 'limits'>,
  ): Promise<Pick<Principal, 'tier' | 'limits'>> {
    try {
      return (await this.ask(userId)) ?? known;
    } catch {
      return known;
    }
  }
}
