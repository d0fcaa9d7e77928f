import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CHANNEL } from '../../../database/control-connection.js';
import { type Actor, AuditTrail } from '../../observability/index.js';
import { ACCOUNT_TABLE, ERASED_TABLES } from './erased-tables.js';

/** Rows per statement: a bound on how long one of them holds its locks. */
const BATCH = 2_000;

/** Those that are not over, and those that ended within a day. */
const IS_RECENT = `(ended_at IS NULL OR ended_at > clock_timestamp() - interval '1 day')`;

/** Rows that went, by table. */
export type ErasedRows = Readonly<Record<string, number>>;

export interface Kept {
  readonly usageRecords: number;
  readonly auditEntries: number;
}

/** Erases what the database has of users whose account is closed. */
@Injectable()
export class AccountErasureRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditTrail,
  ) {}

  /** Runs that may have left something in a cache. */
  async recentRunsOf(userId: string): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM run WHERE user_id = $1 AND ${IS_RECENT}`,
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Everything but the account, in many small transactions: what was erased stays so, whatever fails later. With the runs
   * among it that may have left something in a cache.
   */
  async eraseRows(
    userId: string,
  ): Promise<{ readonly erased: ErasedRows; readonly runIds: readonly string[] }> {
    const erased: Record<string, number> = {};
    const runIds: string[] = [];
    for (const [table, where] of Object.entries(ERASED_TABLES)) {
      erased[table] = 0;
      const returning = table === 'run' ? `RETURNING CASE WHEN ${IS_RECENT} THEN id END AS id` : '';
      for (let isMore = true; isMore;) {
        const [rows, count] = await this.dataSource.query<[{ id: string | null }[], number]>(
          `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${BATCH})) ${returning}`,
          [userId],
        );
        runIds.push(...rows.flatMap(({ id }) => (returning === '' || id === null ? [] : [id])));
        erased[table] += count;
        isMore = count === BATCH;
      }
    }
    return { erased, runIds };
  }

  /**
   * The account, in one transaction with the entry of the audit trail that says so. Nothing can be written for this user
   * meanwhile, and after that foreign keys refuse it. `lateRunIds`: runs that had begun since the rows
   * went; they are gone too, and their owners are told. `undefined`: somebody else has erased the account.
   */
  eraseAccount(
    userId: string,
    actor: Actor,
    before: ErasedRows,
  ): Promise<
    { readonly erased: ErasedRows; readonly kept: Kept; readonly lateRunIds: readonly string[] } | undefined
  > {
    return this.dataSource.transaction(async (manager) => {
      const [account] = await manager.query<unknown[]>(
        `SELECT 1 FROM user_account WHERE id = $1 AND erasure_requested_at IS NOT NULL FOR UPDATE`,
        [userId],
      );
      if (!account) return undefined;
      const late = await manager.query<{ id: string }[]>(
        `SELECT id, pg_notify('${CHANNEL}', 'cancel ' || id) FROM run WHERE user_id = $1`,
        [userId],
      );
      const erased: Record<string, number> = {};
      for (const [table, where] of Object.entries(ERASED_TABLES)) {
        const count = await countOf(manager, `DELETE FROM ${table} WHERE ${where}`, userId);
        erased[table] = (before[table] ?? 0) + count;
      }
      erased[ACCOUNT_TABLE] = await countOf(manager, `DELETE FROM user_account WHERE id = $1`, userId);
      await this.audit.record(
        {
          actorId: actor.userId,
          action: 'user.erased',
          targetType: 'user',
          targetId: userId,
          details: { erased },
          requestId: actor.requestId,
        },
        manager,
      );
      return { erased, kept: await keptOf(manager, userId), lateRunIds: late.map(({ id }) => id) };
    });
  }
}

async function countOf(manager: EntityManager, sql: string, userId: string): Promise<number> {
  const [, count] = await manager.query<[unknown[], number]>(sql, [userId]);
  return count;
}

async function keptOf(manager: EntityManager, userId: string): Promise<Kept> {
  const [row] = await manager.query<{ usage_records: string; audit_entries: string }[]>(
    `SELECT (SELECT count(*) FROM usage_record WHERE user_id = $1) AS usage_records,
            (SELECT count(*) FROM audit_entry WHERE actor_id = $1 OR target_id = $1) AS audit_entries`,
    [userId],
  );
  return { usageRecords: Number(row!.usage_records), auditEntries: Number(row!.audit_entries) };
}
