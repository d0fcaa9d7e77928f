import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { IDS, type Ids } from '../../../shared/context/ids.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import type { IdPage } from '../../../shared/http/id-page.js';
import type { AuditEntry, AuditRecord } from './audit-entry.js';

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

export interface AuditFilter {
  readonly action?: string;
  readonly actorId?: string;
}

/** The trail of who did what. Whoever changes a row writes its entry in the same transaction; all else is recorded here. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Resolves when the entry is stored; `manager`: with its transaction. Throws what the database throws. */
  async record(entry: AuditRecord, manager: EntityManager = this.dataSource.manager): Promise<void> {
    await manager.query(
      `INSERT INTO audit_entry (id, actor_id, action, target_type, target_id, before, after, request_id, created_at)
       VALUES ($1, $2, $3, $4, $5, '{}', $6, $7, $8)`,
      [
        this.ids.next(),
        entry.actorId,
        entry.action,
        entry.targetType,
        entry.targetId,
        entry.details,
        entry.requestId ?? null,
        this.clock.now(),
      ],
    );
  }

  /** Newest first. `action` matches whole actions or, ending in a dot, their beginning: `tool.`. */
  async findPage({ before, limit }: IdPage, filter: AuditFilter = {}): Promise<AuditEntry[]> {
    const rows = await this.dataSource.query<AuditRow[]>(
      `SELECT e.id, e.actor_id, coalesce(a.email, a.name) AS actor_email, e.action, e.target_type, e.target_id, e.before, e.after, e.request_id,
              e.created_at
         FROM audit_entry e LEFT JOIN user_account a ON a.id = e.actor_id
        WHERE ($1::uuid IS NULL OR e.id < $1)
          AND ($3::text IS NULL OR e.action = $3 OR (right($3, 1) = '.' AND starts_with(e.action, $3)))
          AND ($4::uuid IS NULL OR e.actor_id = $4)
        ORDER BY e.id DESC LIMIT $2`,
      [before ?? null, limit, filter.action ?? null, filter.actorId ?? null],
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
