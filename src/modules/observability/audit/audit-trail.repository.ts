import { Inject, Injectable, Optional } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { IDS, type Ids } from '../../../shared/context/ids.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../../shared/context/derived-keys.js';
import { requestContext } from '../../../shared/context/request-context.js';
import type { IdPage } from '../../../shared/http/id-page.js';
import { toAuditClient } from './audit-client.js';
import type { ActorKind, AuditClient, AuditEntry, AuditRecord } from './audit-entry.js';
import { AUDIT_COLUMNS, type AuditRow, toAuditClientOf } from './audit-row.js';

export interface AuditFilter {
  readonly action?: string;
  readonly actorId?: string;
}

/**
 * The trail of who did what. Whoever changes a row records it in the same transaction. An entry is one plain insert: its place
 * in the chain it gets afterwards, from whoever seals (`AuditSealer`), so that nobody waits for anybody here.
 */
@Injectable()
export class AuditTrail {
  private readonly addressKey: Buffer | undefined;

  /** Without `keys` the trail does not know from where. */
  constructor(
    private readonly dataSource: DataSource,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(DERIVED_KEYS) keys?: DerivedKeys,
  ) {
    this.addressKey = keys?.keyFor('audit addresses');
  }

  /** Resolves when the entry is stored; `manager`: with its transaction. Throws what the database throws. */
  async record(entry: AuditRecord, manager: EntityManager = this.dataSource.manager): Promise<void> {
    const from = this.clientOf(entry);
    await manager.query(
      `INSERT INTO audit_entry (id, actor_id, actor_kind, action, target_type, target_id, outcome, before, after,
                                client_network, client_hash, request_id, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        entry.id ?? this.ids.next(),
        entry.actorId,
        entry.actorKind ?? kindOfCaller(entry.actorId),
        entry.action,
        entry.targetType,
        entry.targetId,
        entry.outcome ?? 'ok',
        entry.before ?? {},
        entry.details,
        from?.network ?? null,
        from?.addressHash ?? null,
        entry.requestId ?? null,
        entry.at ?? this.clock.now(),
      ],
    );
  }

  /** Newest first. `action` matches whole actions or, ending in a dot, their beginning: `tool.`. */
  async findPage({ before, limit }: IdPage, filter: AuditFilter = {}): Promise<AuditEntry[]> {
    const rows = await this.dataSource.query<(AuditRow & { actor_email: string | null })[]>(
      `SELECT ${AUDIT_COLUMNS}, coalesce(a.email, a.name) AS actor_email
         FROM audit_entry e LEFT JOIN user_account a ON a.id = e.actor_id
        WHERE ($1::uuid IS NULL OR e.id < $1)
          AND ($3::text IS NULL OR e.action = $3 OR (right($3, 1) = '.' AND starts_with(e.action, $3)))
          AND ($4::uuid IS NULL OR e.actor_id = $4)
        ORDER BY e.id DESC LIMIT $2`,
      [before ?? null, limit, filter.action ?? null, filter.actorId ?? null],
    );
    return rows.map((row) => ({
      id: row.id,
      seq: row.seq === null ? null : Number(row.seq),
      hash: row.hash,
      actorId: row.actor_id,
      actorKind: row.actor_kind,
      actorEmail: row.actor_email ?? undefined,
      action: row.action,
      targetType: row.target_type,
      targetId: row.target_id,
      outcome: row.outcome,
      before: row.before,
      after: row.after,
      from: toAuditClientOf(row),
      requestId: row.request_id,
      createdAt: row.created_at,
    }));
  }

  /**
   * Of the request that the entry belongs to, and no other: work for one user may be going on in the context of another's
   * request, which only happened to wake it.
   */
  private clientOf({ requestId }: AuditRecord): AuditClient | null {
    const context = requestContext.current();
    if (!this.addressKey || context?.clientAddress === undefined || context.requestId !== requestId)
      return null;
    return toAuditClient(context.clientAddress, this.addressKey);
  }
}

function kindOfCaller(actorId: string): ActorKind {
  const { credential } = requestContext.current() ?? {};
  return credential?.kind === 'api-key' && credential.userId === actorId ? 'key' : 'user';
}
