import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { limitedTo } from '../../../shared/context/principal.js';
import { tokenExpired, tokenRevoked, unauthenticated } from '../auth.errors.js';
import type { Caller } from '../caller.js';
import { CredentialNews } from '../credentials/credential-news.js';
import { RecentAnswers } from '../credentials/recent-answers.js';
import { toPrincipal } from '../role-permissions.js';
import { hashOfKey, isApiKey } from './api-key.js';
import { ApiKeyRepository, type KeyInUse } from './api-key.repository.js';
import { KeyUsage } from './key-usage.js';

/** Tells who speaks through an API key, or throws a 401. What a key may do is asked at each use. */
@Injectable()
export class ApiKeyVerifier {
  private readonly recent: RecentAnswers<KeyInUse | undefined>;

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly usage: KeyUsage,
    @Inject(CLOCK) private readonly clock: Clock,
    news: CredentialNews,
  ) {
    this.recent = new RecentAnswers(clock, (key) => key?.account.id);
    news.onChanged((userId) => this.recent.forgetUser(userId));
  }

  /**
   * Throws `unauthenticated` for what is no key; `token_revoked` for one that is not known (any more), so that nobody learns
   * whether its account is disabled or gone; `token_expired`.
   */
  async verify(key: string): Promise<Caller> {
    if (!isApiKey(key)) throw unauthenticated();
    const hash = hashOfKey(key);
    const found = await this.recent.get(hash.toString('base64'), () => this.keys.findByHash(hash));
    if (!found || found.account.isDisabled) throw tokenRevoked();
    if (found.expiresAt && found.expiresAt.getTime() <= this.clock.now().getTime()) throw tokenExpired();
    const { account, id, scopes } = found;
    this.usage.note(account.id, id);
    return {
      principal: limitedTo(toPrincipal(account), scopes),
      credential: { kind: 'api-key', userId: account.id, id },
    };
  }
}
