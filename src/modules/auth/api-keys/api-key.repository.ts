import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Permission, PERMISSIONS } from '../../../shared/context/principal.js';
import type { Account } from '../account.js';
import { ACCOUNT_COLUMNS, type AccountRow, toAccount } from '../account-row.js';
import type { ApiKey } from './api-key.js';

interface KeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS = 'id, name, prefix, scopes, created_at, expires_at, last_used_at';

export interface NewApiKey {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly prefix: string;
  readonly hash: Buffer;
  readonly scopes: readonly Permission[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** A key with the account that it speaks for. */
export interface KeyInUse {
  readonly id: string;
  readonly scopes: ReadonlySet<Permission>;
  readonly expiresAt: Date | null;
  readonly account: Account;
}

@Injectable()
export class ApiKeyRepository {
  constructor(private readonly dataSource: DataSource) {}

  async findByHash(hash: Buffer): Promise<KeyInUse | undefined> {
    const rows = await this.dataSource.query<
      (AccountRow & { key_id: string; key_scopes: string[]; key_expires_at: Date | null })[]
    >(
      `SELECT ${ACCOUNT_COLUMNS}, k.id AS key_id, k.scopes AS key_scopes, k.expires_at AS key_expires_at
         FROM api_key k JOIN user_account a ON a.id = k.user_id WHERE k.key_hash = $1`,
      [hash],
    );
    const row = rows[0];
    return (
      row && {
        id: row.key_id,
        scopes: new Set(knownScopes(row.key_scopes)),
        expiresAt: row.key_expires_at,
        account: toAccount(row),
      }
    );
  }

  /** Newest first; an account has a bounded number of them. */
  async findOf(userId: string): Promise<ApiKey[]> {
    const rows = await this.dataSource.query<KeyRow[]>(
      `SELECT ${COLUMNS} FROM api_key WHERE user_id = $1 ORDER BY id DESC`,
      [userId],
    );
    return rows.map(toApiKey);
  }

  /** `undefined`: the account has `limit` keys already, or is gone. Of several at once no more than fit succeed. */
  insert(key: NewApiKey, limit: number): Promise<ApiKey | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // Those who do the same at the same time come one after the other, and count what the others have made.
      await manager.query(`SELECT 1 FROM user_account WHERE id = $1 FOR NO KEY UPDATE`, [key.userId]);
      const rows = await manager.query<KeyRow[]>(
        `INSERT INTO api_key (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
         SELECT $1, a.id, $3, $4, $5, $6, $7, $8 FROM user_account a
          WHERE a.id = $2 AND (SELECT count(*) FROM api_key WHERE user_id = $2) < $9
         RETURNING ${COLUMNS}`,
        [key.id, key.userId, key.name, key.prefix, key.hash, key.scopes, key.createdAt, key.expiresAt, limit],
      );
      return rows[0] && toApiKey(rows[0]);
    });
  }

  /** Puts a new key in the place of an old one, which is good for nothing from then on. `undefined`: there is none. */
  async replace(
    userId: string,
    id: string,
    next: Pick<NewApiKey, 'id' | 'prefix' | 'hash' | 'createdAt'>,
  ): Promise<ApiKey | undefined> {
    const rows = await this.dataSource.query<KeyRow[]>(
      `WITH old AS (DELETE FROM api_key WHERE id = $1 AND user_id = $2 RETURNING user_id, name, scopes, expires_at)
       INSERT INTO api_key (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
       SELECT $3, old.user_id, old.name, $4, $5, old.scopes, $6, old.expires_at FROM old
       RETURNING ${COLUMNS}`,
      [id, userId, next.id, next.prefix, next.hash, next.createdAt],
    );
    return rows[0] && toApiKey(rows[0]);
  }

  async remove(userId: string, id: string): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM api_key WHERE id = $1 AND user_id = $2 RETURNING id`,
      [id, userId],
    );
    return rows.length > 0;
  }

  /** Unless it is known that it was used after `notSince`. */
  async touch(userId: string, id: string, now: Date, notSince: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE api_key SET last_used_at = $3
        WHERE id = $1 AND user_id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)`,
      [id, userId, now, notSince],
    );
  }
}

/** Words that this version does not know grant nothing. */
function knownScopes(scopes: readonly string[]): Permission[] {
  return PERMISSIONS.filter((permission) => scopes.includes(permission));
}

function toApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: knownScopes(row.scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
