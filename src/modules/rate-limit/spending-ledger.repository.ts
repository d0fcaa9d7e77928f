import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { parseUsd } from '../../shared/money/usd.js';
import type { InstallationSpending, OpenRun, Spending, SpendingLedger } from './quota-store.js';

interface OpenRow {
  id: string;
  epoch: number;
  admitted_at: string;
  tokens: number;
  cost: string;
  reserved_tokens: number;
  reserved_cost: string;
  is_over: boolean;
}

/**
 * Calls beside runs are told like runs: those under way with what they hold, and those that are asked for with what they used.
 * Only they have rows in the ledger without a run; so has a run that was erased with its conversation, which is over as well.
 */
const OPEN_SIDE_CALLS = (condition: string, known: string): string => `
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'id', c.id, 'epoch', 0, 'admitted_at', c.admitted_at, 'tokens', c.tokens, 'cost', c.cost::text, 'reserved_tokens', c.reserved_tokens,
           'reserved_cost', c.reserved_cost::text, 'is_over', c.is_over)), '[]')
    FROM (SELECT id, started_at AS admitted_at, 0 AS tokens, 0 AS cost, reserved_tokens, reserved_cost, false AS is_over
            FROM side_call call WHERE ${condition}
           UNION ALL
          SELECT run_id, min(admitted_at), sum(input_tokens + output_tokens), coalesce(sum(cost_usd), 0), 0, 0, true
            FROM usage_record call WHERE run_id = ANY (${known}::uuid[]) AND ${condition}
             AND NOT EXISTS (SELECT 1 FROM run WHERE run.id = call.run_id) GROUP BY run_id) AS c`;

/** Money as text: JSON's numbers are floats. */
const OPEN_RUNS = (condition: string, known: string): string => `
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'id', run.id, 'epoch', run.epoch, 'admitted_at', coalesce(run.readmitted_at, run.started_at), 'tokens', used.tokens, 'cost', used.cost::text,
           'reserved_tokens', coalesce(run.reserved_tokens, 0), 'reserved_cost', coalesce(run.reserved_cost, 0)::text,
           'is_over', run.status <> 'running')), '[]')
    FROM run
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens, coalesce(sum(cost_usd), 0) AS cost
           FROM usage_record WHERE run_id = run.id) used
   WHERE (run.status = 'running' OR run.id = ANY (${known}::uuid[])) AND run.started_at IS NOT NULL AND ${condition}`;

/**
 * What was spent, from the ledger, and what running runs hold. Each answer is one statement, hence one snapshot: what an open
 * run has used is in the sums exactly when it is told with the run. A cost that is unknown counts as nothing.
 */
@Injectable()
export class SpendingLedgerRepository implements SpendingLedger {
  constructor(private readonly dataSource: DataSource) {}

  async spendingOf(userId: string, at: Date, known: readonly string[]): Promise<Spending> {
    const [row] = await this.dataSource.query<{ day: string; month: string; open: OpenRow[] }[]>(
      `SELECT coalesce(sum(cost_usd) FILTER (WHERE admitted_at >= $2 AND admitted_at < $3), 0) AS day,
              coalesce(sum(cost_usd), 0) AS month,
              (${OPEN_RUNS('run.user_id = $1', '$6')}) || (${OPEN_SIDE_CALLS('call.user_id = $1', '$6')}) AS open
         FROM usage_record WHERE user_id = $1 AND admitted_at >= $4 AND admitted_at < $5`,
      [userId, startOfDay(at), startOfDay(at, 1), startOfMonth(at), startOfMonth(at, 1), known],
    );
    const { day, month, open } = row!;
    return { day: parseUsd(day), month: parseUsd(month), open: open.map(toOpenRun) };
  }

  async installationSpending(at: Date, known: readonly string[]): Promise<InstallationSpending> {
    const [row] = await this.dataSource.query<{ day: string; open: OpenRow[] }[]>(
      `SELECT coalesce(sum(cost_usd), 0) AS day, (${OPEN_RUNS('true', '$3')}) || (${OPEN_SIDE_CALLS('true', '$3')}) AS open
         FROM usage_record WHERE admitted_at >= $1 AND admitted_at < $2`,
      [startOfDay(at), startOfDay(at, 1), known],
    );
    return { day: parseUsd(row!.day), open: row!.open.map(toOpenRun) };
  }
}

function startOfDay(at: Date, days = 0): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + days));
}

function startOfMonth(at: Date, months = 0): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months));
}

function toOpenRun(row: OpenRow): OpenRun {
  return {
    id: row.id,
    epoch: row.epoch,
    admittedAt: new Date(row.admitted_at),
    used: { tokens: row.tokens, cost: parseUsd(row.cost) },
    next: { tokens: row.reserved_tokens, cost: parseUsd(row.reserved_cost) },
    isOver: row.is_over,
  };
}
