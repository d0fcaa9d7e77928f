import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { IdPage } from '../../../shared/http/id-page.js';
import { formatUsd, parseUsd } from '../../../shared/money/usd.js';
import type { Alert, AlertKind, AlertScope } from './due-alerts.js';

interface AlertRow {
  id: string;
  user_id: string;
  kind: AlertKind;
  scope: AlertScope;
  threshold: number;
  period: string;
  limit_usd: string;
  spent_usd: string;
  created_at: Date;
}

interface DeliveryRow extends AlertRow {
  attempts: number;
  next_attempt_at: Date | null;
  delivered_at: Date | null;
  last_failure: string | null;
}

const COLUMNS = 'id, user_id, kind, scope, threshold, period, limit_usd, spent_usd, created_at';

/** An alert with how far its delivery has come. */
export interface TrackedAlert extends Alert {
  /** Tries that have begun. */
  readonly attempts: number;
  readonly isPending: boolean;
  readonly deliveredAt: Date | null;
  readonly lastFailure: string | null;
}

/** An alert that this process is to deliver now. */
export interface AlertToDeliver {
  readonly alert: Alert;
  /** Counts from 1. */
  readonly attempt: number;
}

/**
 * Alerts and their delivery. When a try is due is the database's own time, and a try that is claimed is due again after
 * its lease: a process that dies with it leaves it to the others.
 */
@Injectable()
export class AlertRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Returns those that are new: each one is, in one process, once. */
  async raise(alerts: readonly Alert[], isToBeDelivered: boolean): Promise<Alert[]> {
    if (alerts.length === 0) return [];
    const rows = await this.dataSource.query<{ id: string }[]>(
      `INSERT INTO alert (${COLUMNS}, next_attempt_at)
       SELECT ${COLUMNS}, CASE WHEN $2 THEN clock_timestamp() END
         FROM jsonb_to_recordset($1::jsonb) AS a(id uuid, user_id uuid, kind text, scope text, threshold integer, period text,
              limit_usd numeric, spent_usd numeric, created_at timestamptz)
       ON CONFLICT ON CONSTRAINT alert_once DO NOTHING RETURNING id`,
      [JSON.stringify(alerts.map(toRow)), isToBeDelivered],
    );
    const raised = new Set(rows.map(({ id }) => id));
    return alerts.filter(({ id }) => raised.has(id));
  }

  /** Newest first. */
  async findPage({ before, limit }: IdPage): Promise<TrackedAlert[]> {
    const rows = await this.dataSource.query<DeliveryRow[]>(
      `SELECT ${COLUMNS}, attempts, next_attempt_at, delivered_at, last_failure FROM alert
        WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
      [before ?? null, limit],
    );
    return rows.map((row) => ({
      ...toAlert(row),
      attempts: row.attempts,
      isPending: row.next_attempt_at !== null,
      deliveredAt: row.delivered_at,
      lastFailure: row.last_failure,
    }));
  }

  /** Takes up to `limit` whose next try is due. Two processes never take the same. */
  async claimDue(limit: number, leaseMs: number): Promise<AlertToDeliver[]> {
    const [rows] = await this.dataSource.query<[(AlertRow & { attempts: number })[], number]>(
      `UPDATE alert SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE id IN (
          SELECT id FROM alert WHERE next_attempt_at <= clock_timestamp()
           ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}, attempts`,
      [limit, leaseMs],
    );
    return rows.map((row) => ({ alert: toAlert(row), attempt: row.attempts }));
  }

  async delivered(id: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE alert SET delivered_at = clock_timestamp(), next_attempt_at = NULL WHERE id = $1`,
      [id],
    );
  }

  /** `nextInMs` undefined: it is given up. Without effect when another process has taken it meanwhile. */
  async failed(
    { alert, attempt }: AlertToDeliver,
    failure: string,
    nextInMs: number | undefined,
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE alert SET last_failure = $3, next_attempt_at = clock_timestamp() + $4 * interval '1 millisecond'
        WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL`,
      [alert.id, attempt, failure, nextInMs ?? null],
    );
  }

  /** The try did not take place: it is due at once, and not counted. */
  async unclaim({ alert, attempt }: AlertToDeliver): Promise<void> {
    await this.dataSource.query(
      `UPDATE alert SET attempts = attempts - 1, next_attempt_at = clock_timestamp()
        WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL`,
      [alert.id, attempt],
    );
  }
}

function toRow(alert: Alert): AlertRow {
  return {
    id: alert.id,
    user_id: alert.userId,
    kind: alert.kind,
    scope: alert.scope,
    threshold: alert.threshold,
    period: alert.period,
    limit_usd: formatUsd(alert.limit),
    spent_usd: formatUsd(alert.spent),
    created_at: alert.createdAt,
  };
}

function toAlert(row: AlertRow): Alert {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind,
    scope: row.scope,
    threshold: row.threshold,
    period: row.period,
    limit: parseUsd(row.limit_usd),
    spent: parseUsd(row.spent_usd),
    createdAt: row.created_at,
  };
}
