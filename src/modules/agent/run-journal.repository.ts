import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { formatUsd } from '../../shared/money/usd.js';
import type { Usage } from '../../shared/llm/usage.js';
import {
  type ModelStepRecord,
  RunFencedError,
  type RunJournal,
  type ToolIntent,
  type ToolResultRecord,
} from './loop/run-journal.js';
import type { OwnedRun, RunClosing } from './run.js';
import { toStorableJson } from './storable-json.js';

/**
 * Every statement below begins with this check and changes nothing of the run when it finds no row; only the ledger takes
 * what was spent in any case. $1 is the run, $2 the epoch.
 */
const FENCE = `fence AS (
  SELECT id, user_id, conversation_id FROM run WHERE id = $1 AND epoch = $2 AND status = 'running' FOR UPDATE)`;

/** Takes the next number of the conversation for one message. */
const NEXT_MESSAGE = `place AS (
  UPDATE conversation SET next_seq = next_seq + 1, updated_at = clock_timestamp()
    FROM fence WHERE conversation.id = fence.conversation_id
  RETURNING conversation.id, conversation.next_seq - 1 AS seq)`;

/**
 * The journal in PostgreSQL. A step's message, usage and tool intents are one statement, fenced by the run's epoch, so
 * they are there together or not at all.
 */
@Injectable()
export class RunJournalRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The journal of one run, for the loop. */
  forRun(run: OwnedRun): RunJournal {
    return {
      commitModelStep: (record) => this.commitModelStep(run, record),
      recordToolResult: (record) => this.recordToolResult(run, record),
      commitToolResults: (records, messageId) => this.commitToolResults(run, records, messageId),
    };
  }

  /** Ends the run. False: it was no longer ours to end. */
  async close(run: OwnedRun, closing: RunClosing): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE run SET status = $3, stop_reason = $4, finish_reason = $5, message_id = $6, model = $7, usage = $8,
              cost_usd = $9, error = $10, ended_at = clock_timestamp()
        WHERE id = $1 AND epoch = $2 AND status = 'running'`,
      [
        run.id,
        run.epoch,
        closing.status,
        closing.stopReason,
        closing.finishReason,
        closing.messageId,
        closing.model,
        toStorableJson(closing.usage),
        closing.cost === undefined ? null : formatUsd(closing.cost),
        closing.problem && toStorableJson(closing.problem),
      ],
    );
    return count > 0;
  }

  private async commitModelStep(run: OwnedRun, record: ModelStepRecord): Promise<void> {
    const { message, modelCall } = record;
    const usage = modelCall?.usage;
    const result = {
      finish_reason: record.finishReason,
      ...(record.rawFinishReason === undefined ? {} : { raw_finish_reason: record.rawFinishReason }),
      ...(modelCall ? { model: modelCall.model, usage, cost_usd: costText(modelCall.cost) } : {}),
    };
    await this.fenced(
      run,
      `WITH ${FENCE},
       ${message ? NEXT_MESSAGE : `place AS (SELECT NULL::uuid AS id, 0 AS seq WHERE false)`},
       new_message AS (
         INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
         SELECT $3::uuid, place.id, fence.user_id, place.seq, 'assistant', $4::jsonb, $5, fence.id, clock_timestamp()
           FROM place, fence),
       model_step AS (
         INSERT INTO step (run_id, seq, step, kind, status, result, started_at, ended_at)
         SELECT fence.id, $6::integer, $7::integer, 'model', $8, $9::jsonb, $10::timestamptz, clock_timestamp() FROM fence),
       intents AS (
         INSERT INTO step (run_id, seq, step, kind, status, call_id, tool_name, request, started_at)
         SELECT fence.id, i.seq, $7::integer, 'tool', 'started', i.call_id, i.tool_name, i.input, clock_timestamp()
           FROM fence, jsonb_to_recordset($11::jsonb) AS i(seq integer, call_id text, tool_name text, input jsonb)),
       ledger AS (
         INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens,
                                   output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, created_at)
         SELECT $1::uuid, $2::integer, $6::integer, $23::uuid, $12, $13, $14, $15, $16, $17::bigint, $18::bigint, $19::bigint,
                $20::bigint, $21::bigint, $22::numeric, clock_timestamp()
          WHERE $14::text IS NOT NULL)
       SELECT 1 FROM fence`,
      [
        record.messageId,
        toStorableJson(message?.parts ?? []),
        record.isComplete ? 'complete' : 'incomplete',
        record.seq,
        record.step,
        record.isComplete ? 'done' : 'error',
        toStorableJson(result),
        record.startedAt,
        toStorableJson(record.intents.map(toIntentRow)),
        run.principal.tier,
        run.endpoint,
        modelCall?.provider ?? null,
        modelCall?.model ?? null,
        usage?.source ?? null,
        ...tokenColumns(usage),
        modelCall?.cost === undefined ? null : formatUsd(modelCall.cost),
        run.principal.userId,
      ],
    );
  }

  private async recordToolResult(run: OwnedRun, { seq, result }: ToolResultRecord): Promise<void> {
    await this.fenced(
      run,
      `WITH ${FENCE},
       done AS (
         UPDATE step SET status = $4, result = $5::jsonb, ended_at = clock_timestamp()
           FROM fence WHERE step.run_id = fence.id AND step.seq = $3)
       SELECT 1 FROM fence`,
      [seq, result.isError ? 'error' : 'done', toStorableJson(result.result)],
    );
  }

  private async commitToolResults(
    run: OwnedRun,
    records: readonly ToolResultRecord[],
    messageId: string,
  ): Promise<void> {
    const parts = records.map(({ result }) => ({ type: 'tool-result', ...result }));
    const rows = records.map(({ seq, result }) => ({
      seq,
      status: result.isError ? 'error' : 'done',
      result: result.result,
    }));
    await this.fenced(
      run,
      `WITH ${FENCE},
       ${NEXT_MESSAGE},
       new_message AS (
         INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
         SELECT $3::uuid, place.id, fence.user_id, place.seq, 'tool', $4::jsonb, 'complete', fence.id, clock_timestamp()
           FROM place, fence),
       done AS (
         UPDATE step SET status = r.status, result = r.result, ended_at = coalesce(step.ended_at, clock_timestamp())
           FROM fence, jsonb_to_recordset($5::jsonb) AS r(seq integer, status text, result jsonb)
          WHERE step.run_id = fence.id AND step.seq = r.seq)
       SELECT 1 FROM fence`,
      [messageId, toStorableJson(parts), toStorableJson(rows)],
    );
  }

  private async fenced(run: OwnedRun, sql: string, parameters: unknown[]): Promise<void> {
    const rows = await this.dataSource.query<unknown[]>(sql, [run.id, run.epoch, ...parameters]);
    if (rows.length === 0) throw new RunFencedError(run.id);
  }
}

function toIntentRow({ seq, call }: ToolIntent): Record<string, unknown> {
  return { seq, call_id: call.toolCallId, tool_name: call.toolName, input: call.invalidInput ?? call.input };
}

function tokenColumns(usage: Usage | undefined): (number | null)[] {
  return [
    usage?.inputTokens.total ?? null,
    usage?.outputTokens.total ?? null,
    usage?.inputTokens.cacheRead ?? null,
    usage?.inputTokens.cacheWrite ?? null,
    usage?.outputTokens.reasoning ?? null,
  ];
}

function costText(cost: bigint | undefined): string | null {
  return cost === undefined ? null : formatUsd(cost);
}
