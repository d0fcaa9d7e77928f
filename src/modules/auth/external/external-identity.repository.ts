import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Account } from '../account.js';
import { ACCOUNT_COLUMNS, type AccountRow, toAccount } from '../account-row.js';
import type { ExternalClaims } from './external-claims.js';

/** What is known of somebody whom a provider vouches for. */
export interface KnownIdentity {
  /** `undefined`: it was deleted. */
  readonly account: Account | undefined;
  readonly claimsAt: Date | undefined;
  readonly goneAt: Date | undefined;
}

export interface NewIdentity {
  /** SHA-256 of issuer and subject. */
  readonly hash: Buffer;
  readonly userId: string;
  readonly claims: ExternalClaims;
  readonly now: Date;
}

/** Accounts of an outside provider, found by issuer and subject alone. */
@Injectable()
export class ExternalIdentityRepository {
  constructor(private readonly dataSource: DataSource) {}

  async find(hash: Buffer): Promise<KnownIdentity | undefined> {
    const rows = await this.dataSource.query<
      (Partial<AccountRow> & { claims_at: Date | null; gone_at: Date | null })[]
    >(
      `SELECT ${ACCOUNT_COLUMNS}, e.claims_at, e.gone_at
         FROM external_identity e LEFT JOIN user_account a ON a.id = e.user_id WHERE e.identity_hash = $1`,
      [hash],
    );
    const row = rows[0];
    return (
      row && {
        account: row.id ? toAccount(row as AccountRow) : undefined,
        claimsAt: row.claims_at ?? undefined,
        goneAt: row.gone_at ?? undefined,
      }
    );
  }

  /** Makes the account. Of several that try at once one does; false: it was another. */
  insert({ hash, userId, claims, now }: NewIdentity): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const rows = await manager.query<unknown[]>(
        `INSERT INTO external_identity (identity_hash, issuer, claims_at, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT external_identity_pk DO UPDATE
           SET gone_at = NULL, claims_at = EXCLUDED.claims_at, created_at = EXCLUDED.created_at
           WHERE external_identity.user_id IS NULL AND external_identity.gone_at < EXCLUDED.claims_at
         RETURNING identity_hash`,
        [hash, claims.issuer, claims.issuedAt ?? null, now],
      );
      if (rows.length === 0) return false;
      await manager.query(
        `INSERT INTO user_account (id, kind, name, tier, roles, permissions, created_at, updated_at)
         VALUES ($1, 'external', $2, $3, $4, $5, $6, $6)`,
        [userId, claims.name, claims.tier ?? 'free', claims.roles ?? ['user'], claims.permissions ?? [], now],
      );
      await manager.query(`UPDATE external_identity SET user_id = $2 WHERE identity_hash = $1`, [
        hash,
        userId,
      ]);
      return true;
    });
  }

  /** Gives the account what a newer token says. False: a token that is newer still was faster. */
  apply({ hash, userId, claims, now }: NewIdentity): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const [rows] = await manager.query<[unknown[], number]>(
        `UPDATE external_identity SET claims_at = $3
          WHERE identity_hash = $1 AND user_id = $2 AND (claims_at IS NULL OR claims_at < $3)
         RETURNING identity_hash`,
        [hash, userId, claims.issuedAt],
      );
      if (rows.length === 0) return false;
      await manager.query(
        `UPDATE user_account
            SET name = $2, tier = coalesce($3, tier), roles = coalesce($4, roles),
                permissions = coalesce($5, permissions), updated_at = $6
          WHERE id = $1 AND kind = 'external'`,
        [userId, claims.name, claims.tier ?? null, claims.roles ?? null, claims.permissions ?? null, now],
      );
      return true;
    });
  }

  /** A token of an account that was deleted was seen: tokens up to now make no new one. */
  async markGone(hash: Buffer, now: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE external_identity SET gone_at = $2
        WHERE identity_hash = $1 AND user_id IS NULL AND gone_at IS NULL`,
      [hash, now],
    );
  }
}
