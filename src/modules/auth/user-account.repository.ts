import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Account, NewAccount } from './account.js';
import { ACCOUNT_COLUMNS as COLUMNS, type AccountRow, toAccount } from './account-row.js';

/** Emails are expected in the form of `normaliseEmail`. */
@Injectable()
export class UserAccountRepository {
  constructor(private readonly dataSource: DataSource) {}

  async findByEmail(email: string): Promise<Account | undefined> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account a WHERE a.email = $1`,
      [email],
    );
    return rows[0] && toAccount(rows[0]);
  }

  async findById(id: string): Promise<Account | undefined> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account a WHERE a.id = $1`,
      [id],
    );
    return rows[0] && toAccount(rows[0]);
  }

  /** The account, provided that the session is this account's and was never revoked. */
  async findWithSession(id: string, sessionId: string): Promise<Account | undefined> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `SELECT ${COLUMNS} FROM user_account a
        WHERE a.id = $1
          AND EXISTS (SELECT 1 FROM refresh_token t WHERE t.family_id = $2 AND t.user_id = a.id)
          AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.family_id = $2 AND t.revoked_at IS NOT NULL)`,
      [id, sessionId],
    );
    return rows[0] && toAccount(rows[0]);
  }

  /** Of an account that has none: what it is called. */
  async emailsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.dataSource.query<{ id: string; email: string }[]>(
      `SELECT id, coalesce(email, name) AS email FROM user_account
        WHERE id = ANY($1::uuid[]) AND coalesce(email, name) IS NOT NULL`,
      [ids],
    );
    return new Map(rows.map(({ id, email }) => [id, email]));
  }

  /** `undefined`: the email is taken. Of several that try at once exactly one succeeds. */
  async insertIfAbsent(account: NewAccount, now: Date): Promise<Account | undefined> {
    const rows = await this.dataSource.query<AccountRow[]>(
      `INSERT INTO user_account AS a (id, email, password_hash, tier, roles, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $6)
       ON CONFLICT ON CONSTRAINT user_account_email_unique DO NOTHING
       RETURNING ${COLUMNS}`,
      [account.id, account.email, account.passwordHash, account.tier, account.roles, now],
    );
    return rows[0] && toAccount(rows[0]);
  }

  async changePasswordHash(id: string, passwordHash: string, now: Date): Promise<void> {
    await this.dataSource.query(`UPDATE user_account SET password_hash = $2, updated_at = $3 WHERE id = $1`, [
      id,
      passwordHash,
      now,
    ]);
  }

  /** False: there is no such account. */
  async setMemoryEnabled(id: string, isEnabled: boolean, now: Date): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE user_account SET memory_enabled = $2, updated_at = $3 WHERE id = $1`,
      [id, isEnabled, now],
    );
    return count > 0;
  }
}
