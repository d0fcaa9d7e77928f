import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Tier } from '../../../shared/context/principal.js';
import type { IdPage } from '../../../shared/http/id-page.js';
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
  email: string;
  tier: Tier;
  roles: string[];
  permissions: string[];
  limits: StoredLimits;
  tools: StoredToolAccess;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, email, tier, roles, permissions, limits, tools, disabled_at, created_at, updated_at';

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

  /** Newest first. `search` matches anywhere in the email, as plain text. */
  async findPage({ before, limit }: IdPage, search?: string): Promise<AdministeredAccount[]> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account
        WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR strpos(email, lower($2)) > 0)
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
      // All administrators are locked with the account, in one order: two that take each other's office away at the same
      // time come one after the other, and the second finds itself the last.
      const rows = await manager.query<AccountRow[]>(
        `SELECT ${COLUMNS} FROM user_account
          WHERE id = $1 OR (disabled_at IS NULL AND ('admin' = ANY(roles) OR 'admin' = ANY(permissions)))
          ORDER BY id FOR NO KEY UPDATE`,
        [id],
      );
      const accounts = rows.map(toAccount);
      const before = accounts.find((account) => account.id === id);
      if (!before) return undefined;
      const after = { ...applyChange(before, change), updatedAt: stamp.now };
      const difference = differenceOf(before, after);
      if (!difference) return { account: before, isChanged: false };
      const others = accounts.filter((account) => account.id !== id);
      if (isAdministrator(before) && !isAdministrator(after) && !others.some(isAdministrator)) {
        throw lastAdministrator();
      }
      await manager.query(
        `UPDATE user_account SET tier = $2, roles = $3, permissions = $4, limits = $5, tools = $6, updated_at = $7 WHERE id = $1`,
        [
          id,
          after.tier,
          after.roles,
          after.permissions,
          toStoredLimits(after.limits),
          toStoredToolAccess(after.tools),
          stamp.now,
        ],
      );
      await this.trail.record(
        {
          id: stamp.id,
          actorId: stamp.actor.userId,
          action: 'user.update',
          targetType: 'user',
          targetId: id,
          before: difference.before,
          details: difference.after,
          requestId: stamp.actor.requestId,
          at: stamp.now,
        },
        manager,
      );
      return { account: after, isChanged: true };
    });
  }
}

function toAccount(row: AccountRow): AdministeredAccount {
  return {
    id: row.id,
    email: row.email,
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
