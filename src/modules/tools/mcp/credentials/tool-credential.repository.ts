import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Credentials of users, sealed. There is no method without the user whose they are. */
@Injectable()
export class ToolCredentialRepository {
  constructor(private readonly dataSource: DataSource) {}

  async find(userId: string, server: string): Promise<Buffer | undefined> {
    const rows = await this.dataSource.query<{ sealed: Buffer }[]>(
      `SELECT sealed FROM tool_credential WHERE user_id = $1 AND server = $2`,
      [userId, server],
    );
    return rows[0]?.sealed;
  }

  /** Servers that this user has a credential for, and since when. */
  async dates(userId: string): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.dataSource.query<{ server: string; updated_at: Date }[]>(
      `SELECT server, updated_at FROM tool_credential WHERE user_id = $1`,
      [userId],
    );
    return new Map(rows.map((row) => [row.server, row.updated_at]));
  }

  async save(userId: string, server: string, sealed: Buffer, now: Date): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO tool_credential (user_id, server, sealed, updated_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (user_id, server) DO UPDATE SET sealed = EXCLUDED.sealed, updated_at = EXCLUDED.updated_at`,
      [userId, server, sealed, now],
    );
  }

  /** False: there was none. */
  async remove(userId: string, server: string): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM tool_credential WHERE user_id = $1 AND server = $2`,
      [userId, server],
    );
    return count > 0;
  }
}
