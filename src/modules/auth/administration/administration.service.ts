import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS, isUuid } from '../../../shared/context/ids.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { type IdPage, readIdPage } from '../../../shared/http/id-page.js';
import type { ApiKey } from '../api-keys/api-key.js';
import {
  type ApiKeyRequest,
  ApiKeysService,
  type KeyOwner,
  type NewKey,
} from '../api-keys/api-keys.service.js';
import { nameTaken } from '../auth.errors.js';
import { PrincipalService } from '../principal.service.js';
import { permissionsOf } from '../role-permissions.js';
import type { AccountChange, AdministeredAccount } from './account-change.js';
import {
  AccountAdministrationRepository,
  type NewServiceAccount,
} from './account-administration.repository.js';
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
    private readonly keys: ApiKeysService,
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
      this.principals.forget(id);
      this.logger.info({
        event: 'admin.user.updated',
        user_id: id,
        actor_id: actor.userId,
        audit_id: stamp.id,
      });
    }
    return changed.account;
  }

  /** An account that has no password, and its first key. Throws `name_taken`. */
  async createService(
    wanted: Omit<NewServiceAccount, 'id'>,
    actor: Actor,
  ): Promise<{ readonly account: AdministeredAccount; readonly first: NewKey }> {
    const stamp = { id: this.ids.next(), actor, now: this.clock.now() };
    const account = await this.accounts.insertService({ id: this.ids.next(), ...wanted }, stamp);
    if (!account) throw nameTaken();
    this.logger.info({ event: 'admin.service.created', user_id: account.id, actor_id: actor.userId });
    return { account, first: await this.keys.create(ownerOf(account), { name: wanted.name }, actor) };
  }

  /** For a service, which cannot log in to make keys itself; people make their own. Throws `not_found` for anybody else. */
  async createServiceKey(id: string, request: ApiKeyRequest, actor: Actor): Promise<NewKey> {
    const account = await this.read(id);
    if (account.kind !== 'service') throw notFound();
    return this.keys.create(ownerOf(account), request, actor);
  }

  /** Throws `not_found`. */
  async keysOf(id: string): Promise<readonly ApiKey[]> {
    return this.keys.list((await this.read(id)).id);
  }

  /** Throws `not_found`. */
  async revokeKey(id: string, keyId: string, actor: Actor): Promise<void> {
    await this.keys.revoke((await this.read(id)).id, keyId, actor);
  }
}

function ownerOf({ id, roles, permissions }: AdministeredAccount): KeyOwner {
  return { userId: id, permissions: permissionsOf(roles, permissions) };
}
