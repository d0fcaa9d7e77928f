import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Permission, Tier } from '../../../shared/context/principal.js';
import type { IdPage } from '../../../shared/http/id-page.js';
import type { AccountKind, Role } from '../account.js';
import { lastAdministrator } from '../auth.errors.js';
import { fromStoredLimits, type StoredLimits, toStoredLimits } from '../own-limits.js';
import { fromStoredToolAccess, type StoredToolAccess, toStoredToolAccess } from '../tool-access.js';
import {
  type AccountChange,
  type AdministeredAccount,
  applyChange,
  differenceOf,
  isAdministrator,
} from './account-change.js';
import { type Actor, AuditTrail } from '../../observability/index.js';

interface AccountRow {
  id: string;
  kind: AccountKind;
  email: string | null;
  name: string | null;
  tier: Tier;
  roles: string[];
  permissions: string[];
  limits: StoredLimits;
  tools: StoredToolAccess;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS =
  'id, kind, email, name, tier, roles, permissions, limits, tools, disabled_at, created_at, updated_at';

export interface NewServiceAccount {
  readonly id: string;
  readonly name: string;
  readonly tier: Tier;
  readonly roles: readonly Role[];
  readonly permissions: readonly Permission[];
}

export interface AuditStamp {
  readonly id: string;
  readonly actor: Actor;
  readonly now: Date;
}

/** Accounts as administrators see and change them. A change and its entry in the audit trail are one transaction. */
@Injectable()
export class AccountAdministrationRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
  ) {}

  async find(id: string): Promise<AdministeredAccount | undefined> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account WHERE id = $1`,
      [id],
    );
    return rows[0] && toAccount(rows[0]);
  }

  /** Newest first. `search` matches anywhere in the email or name, as plain text. */
  async findPage({ before, limit }: IdPage, search?: string): Promise<AdministeredAccount[]> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account
        WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR strpos(lower(coalesce(email, name)), lower($2)) > 0)
        ORDER BY id DESC LIMIT $3`,
      [before ?? null, search ?? null, limit],
    );
    return rows.map(toAccount);
  }

  /**
   * `undefined`: there is no such account. `isChanged` false: it was like this already, and nothing is written. Throws
   * `last_administrator` when nobody would be left who may administrate.
   */
  change(
    id: string,
    change: AccountChange,
    stamp: AuditStamp,
  ): Promise<{ account: AdministeredAccount; isChanged: boolean } | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const accounts = await lockWithAdministrators(manager, id);
      const before = accounts.find((account) => account.id === id);
      if (!before) return undefined;
      const after = { ...applyChange(before, change, stamp.now), updatedAt: stamp.now };
      const difference = differenceOf(before, after);
      if (!difference) return { account: before, isChanged: false };
      assertAnAdministratorIsLeft(accounts, before, after);
      await manager.query(
        `UPDATE user_account
            SET tier = $2, roles = $3, permissions = $4, limits = $5, tools = $6, updated_at = $7, disabled_at = $8
          WHERE id = $1`,
        [
          id,
          after.tier,
          after.roles,
          after.permissions,
          toStoredLimits(after.limits),
          toStoredToolAccess(after.tools),
          stamp.now,
          after.disabledAt,
        ],
      );
      await this.writeEntry(manager, stamp, 'user.update', id, difference);
      return { account: after, isChanged: true };
    });
  }

  /** `undefined`: there is one of this name. */
  insertService(account: NewServiceAccount, stamp: AuditStamp): Promise<AdministeredAccount | undefined> {
    const { id, name, tier, roles, permissions } = account;
    return this.dataSource.transaction(async (manager) => {
      const rows = await manager.query<AccountRow[]>(
        `INSERT INTO user_account (id, kind, name, tier, roles, permissions, created_at, updated_at)
         VALUES ($1, 'service', $2, $3, $4, $5, $6, $6)
         ON CONFLICT (name) WHERE kind = 'service' DO NOTHING
         RETURNING ${COLUMNS}`,
        [id, name, tier, roles, permissions, stamp.now],
      );
      if (!rows[0]) return undefined;
      const after = { kind: 'service', name, tier, roles, permissions };
      await this.writeEntry(manager, stamp, 'user.create', id, { before: {}, after });
      return toAccount(rows[0]);
    });
  }

  private writeEntry(
    manager: EntityManager,
    { id, actor, now }: AuditStamp,
    action: string,
    targetId: string,
    { before, after }: { readonly before: object; readonly after: object },
  ): Promise<void> {
    return this.trail.record(
      {
        id,
        actorId: actor.userId,
        action,
        targetType: 'user',
        targetId,
        before,
        details: after,
        requestId: actor.requestId,
        at: now,
      },
      manager,
    );
  }
}

/**
 * All administrators are locked with the account, in one order: two that take each other's office away at the same time come
 * one after the other, and the second finds itself the last.
 */
async function lockWithAdministrators(manager: EntityManager, id: string): Promise<AdministeredAccount[]> {
  const rows = await manager.query<AccountRow[]>(
    `SELECT ${COLUMNS} FROM user_account
      WHERE id = $1 OR (disabled_at IS NULL AND ('admin' = ANY(roles) OR 'admin' = ANY(permissions)))
      ORDER BY id FOR NO KEY UPDATE`,
    [id],
  );
  return rows.map(toAccount);
}

/** `after` undefined: the account is gone. */
function assertAnAdministratorIsLeft(
  accounts: readonly AdministeredAccount[],
  before: AdministeredAccount,
  after: AdministeredAccount | undefined,
): void {
  if (!isAdministrator(before) || (after && isAdministrator(after))) return;
  if (!accounts.some((account) => account.id !== before.id && isAdministrator(account)))
    throw lastAdministrator();
}

function toAccount(row: AccountRow): AdministeredAccount {
  return {
    id: row.id,
    kind: row.kind,
    email: row.email,
    name: row.name,
    tier: row.tier,
    roles: row.roles,
    permissions: row.permissions,
    limits: fromStoredLimits(row.limits),
    tools: fromStoredToolAccess(row.tools),
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
