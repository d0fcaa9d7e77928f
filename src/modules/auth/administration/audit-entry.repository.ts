import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { IdPage } from '../../../shared/http/id-page.js';
import type { AuditEntry } from './audit-entry.js';

interface AuditRow {
  id: string;
  actor_id: string;
  actor_email: string | null;
  action: string;
  target_type: string;
  target_id: string;
  before: object;
  after: object;
  request_id: string | null;
  created_at: Date;
}

/** Reads the trail. It is written by whoever makes a change, in the same transaction. */
@Injectable()
export class AuditEntryRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. */
  async findPage({ before, limit }: IdPage): Promise<AuditEntry[]> {
    const rows = await this.dataSource.query<AuditRow[]>(
      `SELECT e.id, e.actor_id, a.email AS actor_email, e.action, e.target_type, e.target_id, e.before, e.after, e.request_id,
              e.created_at
         FROM audit_entry e LEFT JOIN user_account a ON a.id = e.actor_id
        WHERE $1::uuid IS NULL OR e.id < $1 ORDER BY e.id DESC LIMIT $2`,
      [before ?? null, limit],
    );
    return rows.map((row) => ({
      id: row.id,
      actorId: row.actor_id,
      actorEmail: row.actor_email ?? undefined,
      action: row.action,
      targetType: row.target_type,
      targetId: row.target_id,
      before: row.before,
      after: row.after,
      requestId: row.request_id,
      createdAt: row.created_at,
    }));
  }
}
