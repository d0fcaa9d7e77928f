import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { IdPage } from '../../../shared/http/id-page.js';
import type { NewFact, RememberedFact } from './remembered-fact.js';

interface FactRow {
  id: string;
  text: string;
  origin: RememberedFact['origin'];
  is_tainted: boolean;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, text, origin, is_tainted, created_at, updated_at';

/** Facts by user: another user's are never seen and never changed. */
@Injectable()
export class UserMemoryRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. One statement. */
  async findPage(userId: string, { before, limit }: IdPage): Promise<RememberedFact[]> {
    const rows = await this.dataSource.query<FactRow[]>(
      `SELECT ${COLUMNS} FROM user_memory WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [userId, before ?? null, limit],
    );
    return rows.map(toFact);
  }

  /**
   * Writes a fact down, unless the very same one is there: then that is returned. `'off'`: the user does not want it, or is
   * gone. `'full'`: there are `limit` already. What is done at the same time for one user comes one after the other.
   */
  insert(
    userId: string,
    id: string,
    fact: NewFact,
    limit: number,
    now: Date,
  ): Promise<RememberedFact | 'off' | 'full'> {
    return this.dataSource.transaction(async (manager) => {
      const [account] = await manager.query<{ memory_enabled: boolean }[]>(
        `SELECT memory_enabled FROM user_account WHERE id = $1 FOR NO KEY UPDATE`,
        [userId],
      );
      if (!account?.memory_enabled) return 'off';
      const [same] = await manager.query<FactRow[]>(
        `SELECT ${COLUMNS} FROM user_memory WHERE user_id = $1 AND text = $2 ORDER BY id LIMIT 1`,
        [userId, fact.text],
      );
      if (same) return toFact(same);
      const [inserted] = await manager.query<FactRow[]>(
        `INSERT INTO user_memory (id, user_id, text, origin, is_tainted, created_at, updated_at)
         SELECT $1, $2::uuid, $3, $4, $5, $6, $6 WHERE (SELECT count(*) FROM user_memory WHERE user_id = $2) < $7
         RETURNING ${COLUMNS}`,
        [id, userId, fact.text, fact.origin, fact.isTainted, now, limit],
      );
      return inserted ? toFact(inserted) : 'full';
    });
  }

  /** From then on it is the user's own word. `undefined`: there is none of this user's. */
  async change(userId: string, id: string, text: string, now: Date): Promise<RememberedFact | undefined> {
    const [rows] = await this.dataSource.query<[FactRow[], number]>(
      `UPDATE user_memory SET text = $3, origin = 'user', is_tainted = false, updated_at = $4
        WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
      [id, userId, text, now],
    );
    return rows[0] && toFact(rows[0]);
  }

  /** False: there is none of this user's. */
  async remove(userId: string, id: string): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM user_memory WHERE id = $1 AND user_id = $2`,
      [id, userId],
    );
    return count > 0;
  }

  /** Returns how many there were. */
  async removeAll(userId: string): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM user_memory WHERE user_id = $1`,
      [userId],
    );
    return count;
  }
}

function toFact(row: FactRow): RememberedFact {
  return {
    id: row.id,
    text: row.text,
    origin: row.origin,
    isTainted: row.is_tainted,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
