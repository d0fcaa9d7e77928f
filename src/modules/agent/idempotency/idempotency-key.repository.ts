import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** How long a request may take from its claim to its admission before another may take its place. */
const CLAIM_SECONDS = 10;
const LIFETIME_HOURS = 24;

export interface KeyRow {
  readonly bodyHash: Buffer;
  readonly runId: string;
  /** Null: not admitted yet. */
  readonly sessionId: string | null;
}

/** Keys by user: another user's are never seen. Times are the database's. */
@Injectable()
export class IdempotencyKeyRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** True: the key is this request's now. A claim that was abandoned, or whose time is over, is taken. */
  async claim(userId: string, key: string, bodyHash: Buffer, runId: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO idempotency_key AS k (user_id, key, body_hash, run_id, claimed_until, created_at, expires_at)
       VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS}), clock_timestamp(),
               clock_timestamp() + make_interval(hours => ${LIFETIME_HOURS}))
       ON CONFLICT ON CONSTRAINT idempotency_key_pk DO UPDATE
         SET body_hash = EXCLUDED.body_hash, run_id = EXCLUDED.run_id, session_id = NULL,
             claimed_until = EXCLUDED.claimed_until, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
       WHERE k.expires_at < clock_timestamp() OR (k.session_id IS NULL AND k.claimed_until < clock_timestamp())
       RETURNING 1`,
      [userId, key, bodyHash, runId],
    );
    return rows.length > 0;
  }

  async find(userId: string, key: string): Promise<KeyRow | undefined> {
    const [row] = await this.dataSource.query<
      { body_hash: Buffer; run_id: string; session_id: string | null }[]
    >(`SELECT body_hash, run_id, session_id FROM idempotency_key WHERE user_id = $1 AND key = $2`, [
      userId,
      key,
    ]);
    return row && { bodyHash: row.body_hash, runId: row.run_id, sessionId: row.session_id };
  }

  /** Frees a key whose request was refused. */
  async release(userId: string, key: string, runId: string): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM idempotency_key WHERE user_id = $1 AND key = $2 AND run_id = $3 AND session_id IS NULL`,
      [userId, key, runId],
    );
  }

  async removeExpired(): Promise<void> {
    await this.dataSource.query(`DELETE FROM idempotency_key WHERE expires_at < clock_timestamp()`);
  }
}
