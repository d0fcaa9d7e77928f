import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AssistantPart, ToolResultPart, UserPart } from '../../shared/llm/content-part.js';
import type { FinishReason } from '../../shared/llm/finish-reason.js';
import type { JsonValue } from '../../shared/llm/json.js';
import type { Usage } from '../../shared/llm/usage.js';
import { parseUsd } from '../../shared/money/usd.js';
import type { QuotaAmount } from '../rate-limit/index.js';

export interface JournalRow {
  readonly seq: number;
  readonly step: number;
  readonly kind: 'model' | 'tool' | 'approval';
  readonly status: 'waiting' | 'started' | 'done' | 'unknown' | 'error';
  readonly call_id: string | null;
  readonly tool_name: string | null;
  readonly request: JsonValue;
  readonly result: JsonValue;
  readonly duration_ms: number;
}

/** What the journal keeps of a model call. */
export interface ModelCallRow {
  readonly message_id?: string;
  readonly finish_reason: FinishReason;
  readonly model?: string;
  readonly usage?: Usage;
  readonly cost_usd?: string | null;
}

export interface JournalMessage {
  readonly id: string;
  readonly role: 'user' | 'assistant' | 'tool';
  readonly seq: number;
  readonly parts: readonly (UserPart | AssistantPart | ToolResultPart)[];
}

export interface LedgerRow {
  readonly input_tokens: string;
  readonly output_tokens: string;
  readonly cache_read_tokens: string | null;
  readonly cache_write_tokens: string | null;
  readonly reasoning_tokens: string | null;
  readonly source: 'measured' | 'estimated' | 'unknown';
  readonly cost_usd: string | null;
}

/** Reads all that there is of a run, for its next owner. */
@Injectable()
export class RunResumptionRepository {
  constructor(private readonly dataSource: DataSource) {}

  async read(runId: string): Promise<{
    readonly steps: readonly JournalRow[];
    readonly messages: readonly JournalMessage[];
    readonly ledger: readonly LedgerRow[];
    /** The last event that was stored, and the last that a takeover cannot void. Event 1 is there with the run. */
    readonly lastEventId: number;
    readonly lastSettledId: number;
    /** What the owner before held for the call that it was in or about to make. */
    readonly held: QuotaAmount;
  }> {
    const [steps, messages, ledger, events, holds] = await Promise.all([
      this.dataSource.query<JournalRow[]>(
        `SELECT seq, step, kind, status, call_id, tool_name, request, result,
                coalesce(extract(epoch FROM ended_at - started_at) * 1000, 0)::float AS duration_ms
           FROM step WHERE run_id = $1 ORDER BY seq`,
        [runId],
      ),
      this.dataSource.query<JournalMessage[]>(
        `SELECT id, role, seq, parts FROM message WHERE run_id = $1 ORDER BY seq`,
        [runId],
      ),
      this.dataSource.query<LedgerRow[]>(
        `SELECT input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, source, cost_usd
           FROM usage_record WHERE run_id = $1`,
        [runId],
      ),
      this.dataSource.query<{ last: number | null; settled: number | null }[]>(
        `SELECT max(last_id) AS last, max(last_id) FILTER (WHERE is_settled) AS settled FROM run_event WHERE run_id = $1`,
        [runId],
      ),
      this.dataSource.query<{ tokens: string; cost: string }[]>(
        `SELECT coalesce(reserved_tokens, 0) AS tokens, coalesce(reserved_cost, 0) AS cost FROM run WHERE id = $1`,
        [runId],
      ),
    ]);
    const { tokens, cost } = holds[0] ?? { tokens: '0', cost: '0' };
    return {
      steps,
      messages,
      ledger,
      lastEventId: events[0]?.last ?? 1,
      lastSettledId: events[0]?.settled ?? 1,
      held: { tokens: Number(tokens), cost: parseUsd(cost) },
    };
  }
}
