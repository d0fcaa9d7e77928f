import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { Principal } from '../../shared/context/principal.js';
import { tokenRevoked } from './auth.errors.js';
import type { Session } from './session.js';
import { toPrincipal } from './role-permissions.js';
import { UserAccountRepository } from './user-account.repository.js';

/** How long a change of tier or permissions, a logout or a disabled account may go unnoticed by another replica. */
export const PRINCIPAL_TTL_MS = 3_000;
const MAX_PRINCIPALS = 10_000;

interface Entry {
  readonly loadedAtMs: number;
  /** `undefined`: the session is over, or the account disabled or gone. */
  readonly principal: Promise<Principal | undefined>;
}

/** Who a session's user is, as the database says it now (at most PRINCIPAL_TTL_MS ago). */
@Injectable()
export class PrincipalService {
  private readonly entries = new LRUCache<string, Entry>({ max: MAX_PRINCIPALS });

  constructor(
    private readonly accounts: UserAccountRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `token_revoked` where there is no such principal any more. */
  async principalOf(session: Session): Promise<Principal> {
    const principal = await this.find(session);
    if (!principal) throw tokenRevoked();
    return principal;
  }

  /**
   * Who the user is by now, for work that goes on without a session: at most PRINCIPAL_TTL_MS old. `undefined`: the account
   * is gone or disabled.
   */
  currentPrincipalOf(userId: string): Promise<Principal | undefined> {
    return this.cached(`${userId}/`, () => this.principalOfUser(userId));
  }

  /** For work without a session, such as a run that another process began. `undefined`: the account is gone or disabled. */
  async principalOfUser(userId: string): Promise<Principal | undefined> {
    const account = await this.accounts.findById(userId);
    return account && !account.isDisabled ? toPrincipal(account) : undefined;
  }

  /** Forgets what is known about the session: the next request asks the database. */
  forget(session: Session): void {
    this.entries.delete(keyOf(session));
  }

  /** The same for all sessions of a user: what an administrator changed holds here at once. */
  forgetUser(userId: string): void {
    for (const key of [...this.entries.keys()]) if (key.startsWith(`${userId}/`)) this.entries.delete(key);
  }

  private find(session: Session): Promise<Principal | undefined> {
    return this.cached(keyOf(session), () => this.load(session));
  }

  private cached(key: string, load: () => Promise<Principal | undefined>): Promise<Principal | undefined> {
    const nowMs = this.clock.monotonicMs();
    const known = this.entries.get(key);
    if (known && nowMs - known.loadedAtMs < PRINCIPAL_TTL_MS) return known.principal;
    // The promise is what is kept, so that many requests at once ask the database once; its age counts from the question.
    const entry: Entry = { loadedAtMs: nowMs, principal: load() };
    this.entries.set(key, entry);
    entry.principal.catch(() => {
      if (this.entries.peek(key) === entry) this.entries.delete(key);
    });
    return entry.principal;
  }

  private async load({ userId, sessionId }: Session): Promise<Principal | undefined> {
    const account = await this.accounts.findWithSession(userId, sessionId);
    return account && !account.isDisabled ? toPrincipal(account) : undefined;
  }
}

function keyOf({ userId, sessionId }: Session): string {
  return `${userId}/${sessionId}`;
}
