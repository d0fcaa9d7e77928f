import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

export type TokenPurpose = 'password_reset' | 'email_change';

export interface NewAccountToken {
  readonly id: string;
  readonly userId: string;
  readonly purpose: TokenPurpose;
  /** SHA-256 of the token. */
  readonly hash: Buffer;
  /** Where it is sent to. */
  readonly email: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export type Confirmation = 'confirmed' | 'email_taken' | 'unknown_token';

const UNIQUE_VIOLATION = '23505';

/** Whose token it is, and where it was sent. */
export interface FoundToken {
  readonly userId: string;
  readonly email: string;
  /** Of the account, now. */
  readonly accountEmail: string;
}

@Injectable()
export class AccountTokenRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Stores the token in the place of the one before: an account has one for each purpose. False: that one was made after
   * `notSince`, and stays.
   */
  async put(token: NewAccountToken, notSince: Date): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO account_token AS t (id, user_id, purpose, token_hash, email, created_at, expires_at)
       SELECT $1, a.id, $3, $4, $5, $6, $7 FROM user_account a WHERE a.id = $2
       ON CONFLICT ON CONSTRAINT account_token_one_per_purpose DO UPDATE
         SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash, email = EXCLUDED.email,
             created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
         WHERE t.created_at <= $8
       RETURNING t.id`,
      [
        token.id,
        token.userId,
        token.purpose,
        token.hash,
        token.email,
        token.createdAt,
        token.expiresAt,
        notSince,
      ],
    );
    return rows.length > 0;
  }

  /** `undefined`: unknown, used, expired, or its account is disabled or logs in elsewhere. */
  async find(hash: Buffer, purpose: TokenPurpose, now: Date): Promise<FoundToken | undefined> {
    const rows = await this.dataSource.query<{ user_id: string; email: string; account_email: string }[]>(
      `SELECT t.user_id, t.email, a.email AS account_email
         FROM account_token t JOIN user_account a ON a.id = t.user_id
        WHERE t.token_hash = $1 AND t.purpose = $2 AND t.expires_at > $3
          AND a.kind = 'local' AND a.disabled_at IS NULL`,
      [hash, purpose, now],
    );
    const row = rows[0];
    return row && { userId: row.user_id, email: row.email, accountEmail: row.account_email };
  }

  /**
   * Uses the token up for a new password. False: somebody was faster, or the address that it was sent to is not the
   * account's any more.
   */
  resetPassword(hash: Buffer, userId: string, passwordHash: string, now: Date): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      if (!(await take(manager, hash, userId, 'password_reset', now))) return false;
      await manager.query(
        `UPDATE user_account SET password_hash = $2, updated_at = $3 WHERE id = $1 AND kind = 'local'`,
        [userId, passwordHash, now],
      );
      return true;
    });
  }

  /** Uses the token up for the address that it was sent to. */
  async confirmEmail(hash: Buffer, userId: string, now: Date): Promise<Confirmation> {
    try {
      return await this.confirm(hash, userId, now);
    } catch (error) {
      // Somebody took it between the look and the change.
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return 'email_taken';
      throw error;
    }
  }

  private confirm(hash: Buffer, userId: string, now: Date): Promise<Confirmation> {
    return this.dataSource.transaction(async (manager) => {
      const email = await take(manager, hash, userId, 'email_change', now);
      if (email === undefined) return 'unknown_token';
      const [changed] = await manager.query<[unknown[], number]>(
        `UPDATE user_account SET email = $2, updated_at = $3
          WHERE id = $1 AND kind = 'local' AND NOT EXISTS (SELECT 1 FROM user_account WHERE email = $2)
        RETURNING id`,
        [userId, email, now],
      );
      if (changed.length === 0) return 'email_taken';
      // A reset that was sent to the address before is in hands that the account may have left.
      await manager.query(`DELETE FROM account_token WHERE user_id = $1`, [userId]);
      return 'confirmed';
    });
  }

  /** After the password or the address has changed on another way. */
  async removeAll(userId: string): Promise<void> {
    await this.dataSource.query(`DELETE FROM account_token WHERE user_id = $1`, [userId]);
  }
}

/** Gives where the token was sent to, once. */
async function take(
  manager: EntityManager,
  hash: Buffer,
  userId: string,
  purpose: TokenPurpose,
  now: Date,
): Promise<string | undefined> {
  const [rows] = await manager.query<[{ email: string }[], number]>(
    `DELETE FROM account_token t USING user_account a
      WHERE t.token_hash = $1 AND t.user_id = $2 AND t.purpose = $3 AND t.expires_at > $4
        AND a.id = t.user_id AND a.kind = 'local' AND a.disabled_at IS NULL
        AND (t.purpose <> 'password_reset' OR t.email = a.email)
    RETURNING t.email`,
    [hash, userId, purpose, now],
  );
  return rows[0]?.email;
}
