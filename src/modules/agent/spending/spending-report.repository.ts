import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type PicoUsd, parseUsd } from '../../../shared/money/usd.js';
import type { LedgerPeriod } from './ledger-period.js';
import type { GroupedSpending, SpendingGroup, SpendingKey, SpendingSum } from './spending.js';

interface SumRow {
  is_total: boolean;
  calls: number;
  unpriced_calls: number;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  reasoning: number;
  known_cost: string;
}

type KeyRow = { day?: string; model?: string; provider?: string; endpoint?: string };

/** A day pays for what was admitted on it, like the budgets. */
const UTC_DAY = `to_char(admitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

const SUMS = `count(*)::integer AS calls, count(*) FILTER (WHERE cost_usd IS NULL)::integer AS unpriced_calls,
  coalesce(sum(input_tokens), 0)::float AS input, coalesce(sum(output_tokens), 0)::float AS output,
  coalesce(sum(cache_read_tokens), 0)::float AS cache_read, coalesce(sum(cache_write_tokens), 0)::float AS cache_write,
  coalesce(sum(reasoning_tokens), 0)::float AS reasoning, coalesce(sum(cost_usd), 0) AS known_cost`;

/** What a group is made of, and the order of the groups. `first` is one of the keys. */
const GROUPS: Readonly<
  Record<SpendingGroup, { columns: string; keys: string; first: string; order: string }>
> = {
  day: { columns: `${UTC_DAY} AS day`, keys: UTC_DAY, first: UTC_DAY, order: UTC_DAY },
  model: {
    columns: 'model, provider',
    keys: 'model, provider',
    first: 'model',
    order: 'known_cost DESC, model, provider',
  },
  endpoint: { columns: 'endpoint', keys: 'endpoint', first: 'endpoint', order: 'known_cost DESC, endpoint' },
};

/** More groups than days of a year; models and endpoints are fewer by far. */
const MAX_GROUPS = 1000;

/** Reads the ledger. */
@Injectable()
export class SpendingReportRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** What a user spent. */
  async ofUser(
    userId: string,
    { from, to }: LedgerPeriod,
    groupBy: SpendingGroup,
  ): Promise<GroupedSpending<SpendingKey>> {
    const { columns, keys, first, order } = GROUPS[groupBy];
    const [total, ...groups] = await this.dataSource.query<(SumRow & KeyRow)[]>(
      `SELECT ${columns}, grouping(${first}) = 1 AS is_total, ${SUMS}
         FROM usage_record WHERE user_id = $1 AND admitted_at >= $2 AND admitted_at < $3
        GROUP BY GROUPING SETS ((), (${keys})) ORDER BY is_total DESC, ${order} LIMIT $4`,
      [userId, from, to, MAX_GROUPS + 1],
    );
    return {
      total: toSum(total!),
      groups: groups.map((row) => ({ ...toSum(row), ...toKey(row, groupBy) })),
    };
  }

  /** What all users spent; those who spent most come first, at most `limit` of them. */
  async byUser(
    { from, to }: LedgerPeriod,
    limit: number,
  ): Promise<GroupedSpending<{ readonly userId: string }>> {
    const [total, ...groups] = await this.dataSource.query<(SumRow & { user_id: string })[]>(
      `SELECT user_id, grouping(user_id) = 1 AS is_total, ${SUMS}
         FROM usage_record WHERE admitted_at >= $1 AND admitted_at < $2
        GROUP BY GROUPING SETS ((), (user_id))
        ORDER BY is_total DESC, known_cost DESC, input DESC, user_id LIMIT $3`,
      [from, to, limit + 1],
    );
    return {
      total: toSum(total!),
      groups: groups.map((row) => ({ ...toSum(row), userId: row.user_id })),
    };
  }

  /** What a user's days since `from` cost, by day (`2026-11-25`). */
  async costOfDays(userId: string, from: Date): Promise<ReadonlyMap<string, PicoUsd>> {
    const rows = await this.dataSource.query<{ day: string; cost: string }[]>(
      `SELECT ${UTC_DAY} AS day, sum(cost_usd) AS cost FROM usage_record
        WHERE user_id = $1 AND admitted_at >= $2 AND cost_usd IS NOT NULL GROUP BY 1`,
      [userId, from],
    );
    return new Map(rows.map(({ day, cost }) => [day, parseUsd(cost)]));
  }

  /** What the last `limit` days before `to` on which anything was spent cost, as far back as `from`. */
  async costOfActiveDays(userId: string, { from, to }: LedgerPeriod, limit: number): Promise<PicoUsd[]> {
    const rows = await this.dataSource.query<{ cost: string }[]>(
      `SELECT sum(cost_usd) AS cost FROM usage_record
        WHERE user_id = $1 AND admitted_at >= $2 AND admitted_at < $3 AND cost_usd > 0
        GROUP BY ${UTC_DAY} ORDER BY ${UTC_DAY} DESC LIMIT $4`,
      [userId, from, to, limit],
    );
    return rows.map(({ cost }) => parseUsd(cost));
  }
}

function toSum(row: SumRow): SpendingSum {
  return {
    calls: row.calls,
    unpricedCalls: row.unpriced_calls,
    inputTokens: row.input,
    outputTokens: row.output,
    cacheReadTokens: row.cache_read,
    cacheWriteTokens: row.cache_write,
    reasoningTokens: row.reasoning,
    knownCost: parseUsd(row.known_cost),
  };
}

function toKey(row: KeyRow, groupBy: SpendingGroup): SpendingKey {
  switch (groupBy) {
    case 'day':
      return { day: row.day! };
    case 'model':
      return { model: row.model!, provider: row.provider! };
    case 'endpoint':
      return { endpoint: row.endpoint! };
  }
}
