import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS } from '../../../shared/context/ids.js';
import { requestContext } from '../../../shared/context/request-context.js';
import type { Account } from '../account.js';
import { tokenRevoked } from '../auth.errors.js';
import { CredentialNews } from '../credentials/credential-news.js';
import { RecentAnswers } from '../credentials/recent-answers.js';
import { SecurityAudit } from '../security-audit.js';
import type { ExternalClaims } from './external-claims.js';
import { ExternalIdentityRepository, type KnownIdentity } from './external-identity.repository.js';

/**
 * The local accounts of those whom the identity provider vouches for. The first valid token of somebody makes theirs. They
 * are known by issuer and subject and by nothing else: an email that a provider names is never a way into another account.
 */
@Injectable()
export class ExternalAccounts {
  private readonly recent: RecentAnswers<KnownIdentity | undefined>;

  constructor(
    private readonly identities: ExternalIdentityRepository,
    private readonly news: CredentialNews,
    private readonly audit: SecurityAudit,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {
    this.recent = new RecentAnswers(clock, (identity) => identity?.account?.id);
    news.onChanged((userId) => this.recent.forgetUser(userId));
  }

  /**
   * Throws `token_revoked` where the account is disabled, or was deleted after the token was issued: who has logged in at
   * the provider since then begins anew.
   */
  async accountOf(claims: ExternalClaims): Promise<Account> {
    const key = hashOf(claims);
    const known = (await this.find(key)) ?? (await this.provision(key, claims));
    const account = known.account ?? (await this.beginAnew(key, known, claims));
    if (account.isDisabled) throw tokenRevoked();
    const isNewer = claims.issuedAt && (!known.claimsAt || claims.issuedAt > known.claimsAt);
    return isNewer ? this.apply(key, account, claims) : account;
  }

  private find(key: Buffer): Promise<KnownIdentity | undefined> {
    return this.recent.get(key.toString('base64'), () => this.identities.find(key));
  }

  private async provision(key: Buffer, claims: ExternalClaims): Promise<KnownIdentity> {
    const userId = this.ids.next();
    if (await this.identities.insert({ hash: key, userId, claims, now: this.clock.now() })) {
      this.logger.info({ event: 'auth.external.provisioned', user_id: userId });
      await this.note('user.create', userId, claims);
    }
    this.news.changed(userId);
    const known = await this.identities.find(key);
    if (!known) throw tokenRevoked();
    return known;
  }

  private async beginAnew(key: Buffer, known: KnownIdentity, claims: ExternalClaims): Promise<Account> {
    const { goneAt } = known;
    if (!goneAt) {
      await this.identities.markGone(key, this.clock.now());
      this.recent.forget(key.toString('base64'));
    }
    if (!goneAt || !claims.issuedAt || claims.issuedAt <= goneAt) throw tokenRevoked();
    const { account } = await this.provision(key, claims);
    if (!account) throw tokenRevoked();
    return account;
  }

  private async apply(key: Buffer, account: Account, claims: ExternalClaims): Promise<Account> {
    const isChanged = differs(account, claims);
    const isApplied = await this.identities.apply({
      hash: key,
      userId: account.id,
      claims,
      now: this.clock.now(),
    });
    if (isApplied && isChanged) await this.note('user.update', account.id, claims);
    this.news.changed(account.id);
    const known = await this.find(key);
    if (!known?.account || known.account.isDisabled) throw tokenRevoked();
    return known.account;
  }

  private note(action: string, userId: string, { tier, roles, permissions }: ExternalClaims): Promise<void> {
    return this.audit.note({
      actor: { userId, requestId: requestContext.current()?.requestId },
      action,
      targetType: 'user',
      targetId: userId,
      details: { by: 'identity_provider', tier, roles, permissions },
    });
  }
}

function differs(account: Account, { tier, roles, permissions }: ExternalClaims): boolean {
  const same = (given: readonly string[] | undefined, has: readonly string[]): boolean =>
    !given || JSON.stringify([...given].sort()) === JSON.stringify([...has].sort());
  return !(
    (tier === undefined || tier === account.tier) &&
    same(roles, account.roles) &&
    same(permissions, account.permissions)
  );
}

/** Neither part of it can be lengthened at the cost of the other. */
function hashOf({ issuer, subject }: ExternalClaims): Buffer {
  return hash('sha256', JSON.stringify([issuer, subject]), 'buffer');
}
