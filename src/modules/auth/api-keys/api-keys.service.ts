import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type Ids, IDS, isUuid } from '../../../shared/context/ids.js';
import type { Permission } from '../../../shared/context/principal.js';
import { notFound, validationFailed } from '../../../shared/errors/app-error.js';
import type { Actor } from '../../observability/index.js';
import { tooManyApiKeys } from '../auth.errors.js';
import { PrincipalService } from '../principal.service.js';
import { SecurityAudit } from '../security-audit.js';
import { type ApiKey, mintKey } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';

/** Active keys of one account. */
export const MAX_API_KEYS = 50;

export interface ApiKeyRequest {
  readonly name: string;
  /** Left out: all that the owner may do now. */
  readonly scopes?: readonly Permission[] | undefined;
  /** Left out: until it is revoked. */
  readonly expiresAt?: Date | undefined;
}

/** A key with its secret, which is shown this once. */
export interface NewKey {
  readonly apiKey: ApiKey;
  readonly key: string;
}

/** Whose keys they are, and what the owner may do now. */
export interface KeyOwner {
  readonly userId: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** API keys: made, listed, renewed and revoked, by their owner or by an administrator. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly principals: PrincipalService,
    private readonly audit: SecurityAudit,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  list(userId: string): Promise<ApiKey[]> {
    return this.keys.findOf(userId);
  }

  /** Throws `validation_failed` for scopes that the owner lacks and an expiry that has passed, `too_many_api_keys`. */
  async create(owner: KeyOwner, request: ApiKeyRequest, actor: Actor): Promise<NewKey> {
    const now = this.clock.now();
    const scopes = request.scopes ?? [...owner.permissions];
    if (!scopes.every((scope) => owner.permissions.has(scope)))
      throw validationFailed([{ pointer: '/scopes', detail: 'must be permissions that the account has' }]);
    if (request.expiresAt && request.expiresAt.getTime() <= now.getTime())
      throw validationFailed([{ pointer: '/expires_at', detail: 'must be in the future' }]);
    const { key, prefix, hash } = mintKey();
    const apiKey = await this.keys.insert(
      {
        id: this.ids.next(),
        userId: owner.userId,
        name: request.name,
        prefix,
        hash,
        scopes,
        createdAt: now,
        expiresAt: request.expiresAt ?? null,
      },
      MAX_API_KEYS,
    );
    if (!apiKey) throw tooManyApiKeys(MAX_API_KEYS);
    await this.note('create', owner.userId, apiKey.id, actor, { name: apiKey.name, prefix, scopes });
    return { apiKey, key };
  }

  /** The same key with another secret; the old one is good for nothing at once. Throws `not_found`. */
  async rotate(userId: string, id: string, actor: Actor): Promise<NewKey> {
    const { key, prefix, hash } = mintKey();
    const next = { id: this.ids.next(), prefix, hash, createdAt: this.clock.now() };
    const apiKey = isUuid(id) ? await this.keys.replace(userId, id, next) : undefined;
    if (!apiKey) throw notFound();
    this.principals.forget(userId);
    await this.note('rotate', userId, id, actor, { prefix, replaced_by: apiKey.id });
    return { apiKey, key };
  }

  /** In force at once here, and within moments on the other replicas. Throws `not_found`. */
  async revoke(userId: string, id: string, actor: Actor): Promise<void> {
    const isRemoved = isUuid(id) && (await this.keys.remove(userId, id));
    if (!isRemoved) throw notFound();
    this.principals.forget(userId);
    await this.note('revoke', userId, id, actor, {});
  }

  private async note(
    verb: string,
    userId: string,
    keyId: string,
    actor: Actor,
    details: object,
  ): Promise<void> {
    this.logger.info({
      event: `auth.api_key.${verb}`,
      user_id: userId,
      key_id: keyId,
      actor_id: actor.userId,
    });
    await this.audit.note({
      actor,
      action: `api_key.${verb}`,
      targetType: 'api_key',
      targetId: keyId,
      details: { user_id: userId, ...details },
    });
  }
}
