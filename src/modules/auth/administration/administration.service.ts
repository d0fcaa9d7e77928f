import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS, isUuid } from '../../../shared/context/ids.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { type IdPage, readIdPage } from '../../../shared/http/id-page.js';
import { PrincipalService } from '../principal.service.js';
import type { AccountChange, AdministeredAccount } from './account-change.js';
import { AccountAdministrationRepository } from './account-administration.repository.js';
import type { Actor } from '../../observability/index.js';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** What administrators do with accounts. A change holds on every replica within PRINCIPAL_TTL_MS. */
@Injectable()
export class AdministrationService {
  constructor(
    private readonly accounts: AccountAdministrationRepository,
    private readonly principals: PrincipalService,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async read(id: string): Promise<AdministeredAccount> {
    const account = isUuid(id) ? await this.accounts.find(id) : undefined;
    if (!account) throw notFound();
    return account;
  }

  list(page: IdPage, search?: string): Promise<Page<AdministeredAccount>> {
    return readIdPage(page, (asked) => this.accounts.findPage(asked, search));
  }

  /** Throws `not_found`, and `last_administrator` when nobody would be left who may administrate. */
  async change(id: string, change: AccountChange, actor: Actor): Promise<AdministeredAccount> {
    const stamp = { id: this.ids.next(), actor, now: this.clock.now() };
    const changed = isUuid(id) ? await this.accounts.change(id, change, stamp) : undefined;
    if (!changed) throw notFound();
    if (changed.isChanged) {
      this.principals.forgetUser(id);
      this.logger.info({
        event: 'admin.user.updated',
        user_id: id,
        actor_id: actor.userId,
        audit_id: stamp.id,
      });
    }
    return changed.account;
  }
}
