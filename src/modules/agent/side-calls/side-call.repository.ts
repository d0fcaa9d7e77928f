import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { formatUsd } from '../../../shared/money/usd.js';
import type { ModelCallRecord } from '../loop/run-journal.js';
import type { SideCall } from './side-call.js';

/** The side calls that are under way, and their way into the ledger: none is in both. */
@Injectable()
export class SideCallRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Before it is made: from here on it is charged, whoever dies. Safe to repeat. */
  async begin({ id, principal, endpoint, reserved, sent }: SideCall): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO side_call (id, user_id, tier, endpoint, provider, model, input_tokens, cost_usd, price_version, reserved_tokens,
                              reserved_cost, started_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp()) ON CONFLICT DO NOTHING`,
      [
        id,
        principal.userId,
        principal.tier,
        endpoint,
        sent.provider,
        sent.model,
        sent.usage.inputTokens.total,
        sent.cost === undefined ? null : formatUsd(sent.cost),
        sent.priceVersion ?? null,
        reserved.tokens,
        formatUsd(reserved.cost),
      ],
    );
  }

  /** `undefined`: nothing is owed. Safe to repeat; what `endLost` has written stays. */
  async end({ id, principal }: SideCall, call: ModelCallRecord | undefined): Promise<void> {
    const usage = call?.usage;
    await this.dataSource.query(
      `WITH ended AS (DELETE FROM side_call WHERE id = $1 AND user_id = $2 RETURNING *)
       INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens, output_tokens,
                                 cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, admitted_at, price_version, created_at)
       SELECT id, 1, 1, user_id, tier, endpoint, $3::text, $4::text, $5::text, $6::bigint, $7::bigint, $8::bigint, $9::bigint,
              $10::bigint, $11::numeric, started_at, $12::text, clock_timestamp()
         FROM ended WHERE $3::text IS NOT NULL`,
      [
        id,
        principal.userId,
        call?.provider ?? null,
        call?.model ?? null,
        usage?.source ?? null,
        usage?.inputTokens.total ?? null,
        usage?.outputTokens.total ?? null,
        usage?.inputTokens.cacheRead ?? null,
        usage?.inputTokens.cacheWrite ?? null,
        usage?.outputTokens.reasoning ?? null,
        call?.cost === undefined ? null : formatUsd(call.cost),
        call?.priceVersion ?? null,
      ],
    );
  }

  /** Over all users: charges calls that were begun so long ago that their process must have died. Returns how many. */
  async endLost(olderThanMs: number): Promise<number> {
    const rows = await this.dataSource.query<unknown[]>(
      `WITH lost AS (
         DELETE FROM side_call WHERE id IN (
           SELECT id FROM side_call WHERE started_at < clock_timestamp() - make_interval(secs => $1::float / 1000)
            ORDER BY started_at LIMIT 100 FOR UPDATE SKIP LOCKED)
         RETURNING *)
       INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens, output_tokens,
                                 cost_usd, admitted_at, price_version, created_at)
       SELECT id, 1, 1, user_id, tier, endpoint, provider, model, 'unknown', input_tokens, 0, cost_usd, started_at, price_version,
              clock_timestamp() FROM lost RETURNING run_id`,
      [olderThanMs],
    );
    return rows.length;
  }
}
