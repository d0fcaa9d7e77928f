import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Session } from './session.js';

export interface NewRefreshToken {
  readonly id: string;
  /** SHA-256 of the token. */
  readonly hash: Buffer;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** The program that asked for it, if it said so. */
  readonly client: string | undefined;
}

/** A session that goes on, as its user sees it. */
export interface OpenSession {
  readonly id: string;
  readonly client: string | null;
  readonly createdAt: Date;
  /** When its tokens were last renewed. */
  readonly renewedAt: Date;
  readonly expiresAt: Date;
}

/** What is known about a token that could not be exchanged. Neither used nor revoked: it has expired. */
export interface RefusedRefreshToken extends Session {
  readonly isUsed: boolean;
  /** Itself or any other token of its family. */
  readonly isRevoked: boolean;
}

@Injectable()
export class RefreshTokenRepository {
  constructor(private readonly dataSource: DataSource) {}

  async insertFirst(session: Session, token: NewRefreshToken): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO refresh_token (id, family_id, user_id, token_hash, created_at, expires_at, client)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        token.id,
        session.sessionId,
        session.userId,
        token.hash,
        token.createdAt,
        token.expiresAt,
        token.client ?? null,
      ],
    );
  }

  /**
   * Marks the token as used and stores its successor, in one statement: of two that try at once the second waits for the
   * first one's row lock and then finds the token used. `undefined`: nothing was changed.
   *
   * A family is checked as a whole because a revocation that runs beside this statement cannot see the successor.
   */
  async rotate(hash: Buffer, successor: NewRefreshToken): Promise<Session | undefined> {
    const rows = await this.dataSource.query<{ family_id: string; user_id: string }[]>(
      `WITH used AS (
         UPDATE refresh_token t SET used_at = $3
          WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > $3
            AND NOT EXISTS (SELECT 1 FROM refresh_token r WHERE r.family_id = t.family_id AND r.revoked_at IS NOT NULL)
         RETURNING t.family_id, t.user_id)
       INSERT INTO refresh_token (id, family_id, user_id, token_hash, created_at, expires_at, client)
       SELECT $2, used.family_id, used.user_id, $5, $3, $4, $6 FROM used
       RETURNING family_id, user_id`,
      [
        hash,
        successor.id,
        successor.createdAt,
        successor.expiresAt,
        successor.hash,
        successor.client ?? null,
      ],
    );
    return rows[0] && { sessionId: rows[0].family_id, userId: rows[0].user_id };
  }

  async find(hash: Buffer): Promise<RefusedRefreshToken | undefined> {
    const rows = await this.dataSource.query<
      { family_id: string; user_id: string; is_used: boolean; is_revoked: boolean }[]
    >(
      `SELECT t.family_id, t.user_id, t.used_at IS NOT NULL AS is_used,
              EXISTS (SELECT 1 FROM refresh_token r WHERE r.family_id = t.family_id AND r.revoked_at IS NOT NULL) AS is_revoked
         FROM refresh_token t WHERE t.token_hash = $1`,
      [hash],
    );
    const row = rows[0];
    return (
      row && { sessionId: row.family_id, userId: row.user_id, isUsed: row.is_used, isRevoked: row.is_revoked }
    );
  }

  /** Newest first, `limit` at most. */
  async findOpen(userId: string, now: Date, limit: number): Promise<OpenSession[]> {
    const rows = await this.dataSource.query<
      { family_id: string; client: string | null; created_at: Date; renewed_at: Date; expires_at: Date }[]
    >(
      `SELECT family_id, min(created_at) AS created_at, max(created_at) AS renewed_at, max(expires_at) AS expires_at,
              (array_agg(client ORDER BY created_at DESC))[1] AS client
         FROM refresh_token WHERE user_id = $1
        GROUP BY family_id HAVING bool_and(revoked_at IS NULL) AND max(expires_at) > $2
        ORDER BY family_id DESC LIMIT $3`,
      [userId, now, limit],
    );
    return rows.map((row) => ({
      id: row.family_id,
      client: row.client,
      createdAt: row.created_at,
      renewedAt: row.renewed_at,
      expiresAt: row.expires_at,
    }));
  }

  /** False: the user has no such session that goes on. */
  async revokeFamily(session: Session, now: Date): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE refresh_token t SET revoked_at = $3
        WHERE family_id = $1 AND user_id = $2
          AND NOT EXISTS (SELECT 1 FROM refresh_token r WHERE r.family_id = $1 AND r.revoked_at IS NOT NULL)
        RETURNING id`,
      [session.sessionId, session.userId, now],
    );
    return rows.length > 0;
  }

  /** All sessions of the user, but for one if it is named. */
  async revokeAll(userId: string, now: Date, exceptSessionId?: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE refresh_token SET revoked_at = $2
        WHERE user_id = $1 AND revoked_at IS NULL AND ($3::uuid IS NULL OR family_id <> $3)`,
      [userId, now, exceptSessionId ?? null],
    );
  }

  /**
   * Forgets a user's tokens that ran out before `cutoff`. The mark of a revocation stays until its whole family has run
   * out, else the family would rise again.
   */
  async removeExpired(userId: string, cutoff: Date): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM refresh_token t
        WHERE t.user_id = $1 AND t.expires_at < $2
          AND (t.revoked_at IS NULL
               OR NOT EXISTS (SELECT 1 FROM refresh_token r WHERE r.family_id = t.family_id AND r.expires_at >= $2))`,
      [userId, cutoff],
    );
  }
}
