import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';

export interface LedgerRow {
  readonly userId: string;
  /** USD. `null`: the price is not known. */
  readonly cost: string | null;
  readonly admittedAt: Date;
  readonly model?: string;
  readonly provider?: string;
  readonly endpoint?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number | null;
}

/** One model call in the ledger, of a run of its own. */
export async function aLedgerRow(dataSource: DataSource, row: LedgerRow): Promise<void> {
  await dataSource.query(
    `INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens, output_tokens,
                               cache_read_tokens, cost_usd, admitted_at, created_at)
     VALUES ($1, 1, 1, $2, 'free', $3, $4, $5, 'measured', $6, $7, $8, $9, $10, $10)`,
    [
      v7(),
      row.userId,
      row.endpoint ?? 'chat',
      row.provider ?? 'scripted',
      row.model ?? 'a-model',
      row.inputTokens ?? 10,
      row.outputTokens ?? 1,
      row.cacheReadTokens ?? null,
      row.cost,
      row.admittedAt,
    ],
  );
}
