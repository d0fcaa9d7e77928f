import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Actor, AuditTrail } from '../../observability/index.js';
import { lastAdministrator } from '../auth.errors.js';
import { permissionsOf } from '../role-permissions.js';
import type { ClosedAccount } from './closed-account.js';

interface Row {
  readonly id: string;
  readonly email: string | null;
  readonly roles: string[];
  readonly permissions: string[];
  readonly disabled_at: Date | null;
  readonly erasure_requested_at: Date | null;
}

/** Closes accounts for good, and knows those that are not erased yet. */
@Injectable()
export class AccountClosingRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * From here on no password and no token of the account is good for anything; that somebody wanted it is in the audit trail.
   * Again: nothing. `undefined`: there is no such account. Throws `last_administrator`.
   */
  close(id: string, actor: Actor, now: Date): Promise<ClosedAccount | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // All administrators are locked with the account, in one order, as when one loses the office.
      const rows = await manager.query<Row[]>(
        `SELECT id, email, roles, permissions, disabled_at, erasure_requested_at FROM user_account
          WHERE id = $1 OR (disabled_at IS NULL AND ('admin' = ANY(roles) OR 'admin' = ANY(permissions)))
          ORDER BY id FOR NO KEY UPDATE`,
        [id],
      );
      const account = rows.find((row) => row.id === id);
      if (!account) return undefined;
      const closed = { id, email: account.email };
      if (account.erasure_requested_at) return closed;
      if (isAdministrator(account) && !rows.some((row) => row.id !== id && isAdministrator(row))) {
        throw lastAdministrator();
      }
      await manager.query(
        `UPDATE user_account SET disabled_at = coalesce(disabled_at, $2), erasure_requested_at = $2, updated_at = $2 WHERE id = $1`,
        [id, now],
      );
      await manager.query(
        `UPDATE refresh_token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL`,
        [id, now],
      );
      await this.audit.record(
        {
          actorId: actor.userId,
          action: 'user.erasure_requested',
          targetType: 'user',
          targetId: id,
          details: {},
          requestId: actor.requestId,
        },
        manager,
      );
      return closed;
    });
  }

  /** Over all users: closed before `cutoff`, and still there. */
  async findUnfinished(cutoff: Date, limit: number): Promise<ClosedAccount[]> {
    return this.dataSource.query<ClosedAccount[]>(
      `SELECT id, email FROM user_account WHERE erasure_requested_at < $1 ORDER BY erasure_requested_at LIMIT $2`,
      [cutoff, limit],
    );
  }
}

function isAdministrator({ roles, permissions, disabled_at: disabledAt }: Row): boolean {
  return disabledAt === null && permissionsOf(roles, permissions).has('admin');
}
