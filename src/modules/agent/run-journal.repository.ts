import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError } from 'typeorm';
import { CHANNEL } from '../../database/control-connection.js';
import { formatUsd } from '../../shared/money/usd.js';
import type { ToolResult } from '../../shared/llm/tool-call.js';
import type { QuotaAmount } from '../rate-limit/index.js';
import { callHash } from '../tools/index.js';
import type { LoggedEvent } from './events/run-event-log.js';
import { toStoredRows } from './events/stored-events.js';
import { OUTCOME_UNKNOWN } from './loop/execute-tool-calls.js';
import {
  type ModelCallRecord,
  type ModelStepRecord,
  RunFencedError,
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

/** Stores events with the write that they belong to. `first` is the first of `eventColumns`. */
const storeEvents = (first: number, isSettled = true): string => `stored AS (
  INSERT INTO run_event (run_id, first_id, last_id, is_settled, events)
  SELECT fence.id, e.first_id, e.last_id, ${isSettled}, e.events
    FROM fence, unnest($${first}::integer[], $${first + 1}::integer[], $${first + 2}::text[]) AS e(first_id, last_id, events))`;

/** Takes the next number of the conversation for one message. `also` is set in the same row. */
const nextMessage = (also = ''): string => `place AS (
  UPDATE conversation SET next_seq = next_seq + 1, updated_at = clock_timestamp()${also}
    FROM fence WHERE conversation.id = fence.conversation_id
  RETURNING conversation.id, conversation.next_seq - 1 AS seq)`;

type Events = readonly LoggedEvent[];

/** The writes of one run. Each takes the events that are stored with it. */
export interface JournalWrites {
  commitModelStep(record: ModelStepRecord, events: Events): Promise<void>;
  dispatch(intents: readonly ToolIntent[]): Promise<void>;
  recordToolResult(record: ToolResultRecord): Promise<void>;
  commitToolResults(records: readonly ToolResultRecord[], messageId: string, events: Events): Promise<void>;
}

/**
 * The journal in PostgreSQL. A step's message, usage, tool intents and events are one statement, fenced by the run's
 * epoch, so they are there together or not at all. A statement whose answer was lost may be sent again: what it did
 * before is recognised by its keys.
 */
@Injectable()
export class RunJournalRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The journal of one run, for the loop. */
  forRun(run: OwnedRun): JournalWrites {
    return {
      commitModelStep: (record, events) =>
        record.approvals.intents.length > 0
          ? this.suspend(run, record, events)
          : this.commitModelStep(run, record, events),
      dispatch: (intents) => this.dispatch(run, intents),
      recordToolResult: (record) => this.recordToolResult(run, record),
      commitToolResults: (records, messageId, events) =>
        this.commitToolResults(run, records, messageId, events),
    };
  }

  /** Notes what is held for the next model call. False: the run is no longer this owner's. */
  async reserve(run: OwnedRun, { tokens, cost }: QuotaAmount): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE run SET reserved_tokens = $3, reserved_cost = $4 WHERE id = $1 AND epoch = $2 AND status = 'running'`,
      [run.id, run.epoch, tokens, formatUsd(cost)],
    );
    return count > 0;
  }

  /** True while the run is this owner's. */
  async isOwned(run: OwnedRun): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM run WHERE id = $1 AND epoch = $2 AND status = 'running'`,
      [run.id, run.epoch],
    );
    return rows.length > 0;
  }

  /**
   * The first write of a new owner: the events that the owner before showed and never stored, with the `step-restart` that
   * voids them; and the model call that it may have been in, which somebody has to pay for.
   */
  async resume(run: OwnedRun, events: Events, lostCall: LostModelCall | undefined): Promise<void> {
    await this.fenced(
      run,
      `WITH ${FENCE},
       ${storeEvents(3, false)},
       ledger AS (${LEDGER(6)})
       SELECT 1 FROM fence`,
      [
        ...eventColumns(events),
        ...ledgerColumns(run, lostCall?.seq ?? 0, lostCall?.call, 'unknown', lostCall?.epoch ?? null),
      ],
    );
  }

  /**
   * Gives the run back to the queue: this process is going down. What was shown and not stored is kept for the next owner
   * to void. `modelCall` is the one that was cut short.
   */
  async release(
    run: OwnedRun,
    events: Events,
    modelCall?: { seq: number; call: ModelCallRecord },
  ): Promise<void> {
    await this.fenced(
      run,
      `WITH ${FENCE},
       ${storeEvents(3, false)},
       ledger AS (${LEDGER(6)}),
       released AS (
         UPDATE run SET status = 'queued', owner = NULL, epoch = run.epoch + 1 FROM fence WHERE run.id = fence.id),
       place AS (
         UPDATE conversation SET queued_runs = queued_runs + 1 FROM fence WHERE conversation.id = fence.conversation_id)
       SELECT pg_notify('${CHANNEL}', 'queue') FROM fence`,
      [
        ...eventColumns(events),
        ...ledgerColumns(run, modelCall?.seq ?? 0, modelCall?.call, modelCall?.call.usage.source),
      ],
    );
  }

  /**
   * Ends the run, with its last events and its last step, if it has one that is not written yet. `'fenced'`: it was no longer
   * ours to end. `'woke'`: something waits for its end.
   */
  async close(
    run: OwnedRun,
    closing: RunClosing,
    events: Events,
    lastStep?: ModelStepRecord,
  ): Promise<'closed' | 'woke' | 'fenced'> {
    const closed = this.dataSource.query<{ wakes: string }[]>(
      `WITH fence AS (
         UPDATE run SET status = $3, stop_reason = $4, finish_reason = $5, message_id = $6, model = $7, usage = $8,
                cost_usd = $9, error = $10, context = $11, is_cached = $12, ended_at = clock_timestamp()
          WHERE id = $1 AND epoch = $2 AND status = 'running' RETURNING id, user_id, conversation_id, is_background),
       ${storeEvents(13)},
       ${lastStep ? `${storeModelStep(16, lastStep)},` : ''}
       woken AS (
         SELECT pg_notify('${CHANNEL}', 'queue') FROM fence JOIN conversation c ON c.id = fence.conversation_id
          WHERE c.queued_runs > 0 OR fence.is_background)
       SELECT (SELECT count(*) FROM woken) AS wakes FROM fence`,
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
        closing.context && toStorableJson(closing.context),
        closing.isCached,
        ...eventColumns(events),
        ...(lastStep ? modelStepColumns(run, lastStep) : []),
      ],
    );
    const rows = await closed.catch((error: unknown) => {
      if (isOrphan(error)) return [];
      throw error;
    });
    if (rows[0]) return Number(rows[0].wakes) > 0 ? 'woke' : 'closed';
    return (await this.hasEnded(run, events)) ? 'woke' : 'fenced';
  }

  /** True when this very end is written already: its answer was lost on the way. */
  private async hasEnded(run: OwnedRun, events: Events): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM run r JOIN run_event e ON e.run_id = r.id
        WHERE r.id = $1 AND r.epoch = $2 AND r.status IN ('completed', 'failed', 'cancelled') AND e.last_id = $3`,
      [run.id, run.epoch, events.at(-1)?.id ?? 0],
    );
    return rows.length > 0;
  }

  private async commitModelStep(run: OwnedRun, record: ModelStepRecord, events: Events): Promise<void> {
    await this.fenced(
      run,
      `WITH ${FENCE}, ${storeEvents(3)}, ${storeModelStep(6, record)} SELECT 1 FROM fence`,
      [...eventColumns(events), ...modelStepColumns(run, record)],
    );
  }

  /** Stores a step whose calls wait for a person, and lets go of the run. Its conversation is kept until long after. */
  private async suspend(run: OwnedRun, record: ModelStepRecord, events: Events): Promise<void> {
    const { intents, expiresAt } = record.approvals;
    const columns = [...eventColumns(events), ...modelStepColumns(run, record)];
    const first = 3 + columns.length;
    const keep = `, expires_at = greatest(expires_at, $${first + 1}::timestamptz + (expires_at - conversation.updated_at))`;
    await this.fenced(
      run,
      `WITH ${FENCE}, ${storeEvents(3)}, ${storeModelStep(6, record, keep)},
       asked AS (
         INSERT INTO tool_approval (run_id, seq, user_id, call_id, tool_name, input, call_hash, requested_at, expires_at)
         SELECT fence.id, a.seq, fence.user_id, a.call_id, a.tool_name, a.input, a.call_hash, clock_timestamp(),
                $${first + 1}::timestamptz
           FROM fence, jsonb_to_recordset($${first}::jsonb)
             AS a(seq integer, call_id text, tool_name text, input jsonb, call_hash text)),
       suspended AS (
         UPDATE run SET status = 'waiting', owner = NULL, epoch = run.epoch + 1, suspended_at = clock_timestamp(),
                        -- The time that a person takes is not the run's.
                        deadline_at = NULL, reserved_tokens = NULL, reserved_cost = NULL
           FROM fence WHERE run.id = fence.id)
       SELECT 1 FROM fence`,
      [
        ...columns,
        toStorableJson(
          intents.map((intent) => ({
            ...toIntentRow(intent),
            call_hash: callHash(run.principal.userId, intent.call.toolName, intent.call.input),
          })),
        ),
        expiresAt,
      ],
    );
  }

  private async dispatch(run: OwnedRun, intents: readonly ToolIntent[]): Promise<void> {
    await this.fenced(
      run,
      `WITH ${FENCE},
       begun AS (
         UPDATE step SET status = 'started', started_at = clock_timestamp()
           FROM fence WHERE step.run_id = fence.id AND step.seq = ANY ($3::integer[]) AND step.status = 'waiting')
       SELECT 1 FROM fence`,
      [intents.map(({ seq }) => seq)],
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
      [seq, statusOf(result), toStorableJson(result.result)],
    );
  }

  private async commitToolResults(
    run: OwnedRun,
    records: readonly ToolResultRecord[],
    messageId: string,
    events: Events,
  ): Promise<void> {
    const parts = records.map(({ result }) => ({ type: 'tool-result', ...result }));
    const rows = records.map(({ seq, result }) => ({
      seq,
      status: statusOf(result),
      result: result.result,
    }));
    const exposure = [
      records.some(({ result }) => result.taint) ? ', has_untrusted = true' : '',
      records.some(({ result }) => result.isPrivate) ? ', has_private = true' : '',
    ].join('');
    await this.fenced(
      run,
      `WITH ${FENCE},
       ${nextMessage(exposure)},
       new_message AS (
         INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
         SELECT $3::uuid, place.id, fence.user_id, place.seq, 'tool', $4::jsonb, 'complete', fence.id, clock_timestamp()
           FROM place, fence),
       done AS (
         UPDATE step SET status = r.status, result = r.result, ended_at = coalesce(step.ended_at, clock_timestamp())
           FROM fence, jsonb_to_recordset($5::jsonb) AS r(seq integer, status text, result jsonb)
          WHERE step.run_id = fence.id AND step.seq = r.seq),
       ${storeEvents(6)}
       SELECT 1 FROM fence`,
      [messageId, toStorableJson(parts), toStorableJson(rows), ...eventColumns(events)],
    );
  }

  private async fenced(run: OwnedRun, sql: string, parameters: unknown[]): Promise<void> {
    try {
      const rows = await this.dataSource.query<unknown[]>(sql, [run.id, run.epoch, ...parameters]);
      if (rows.length === 0) throw new RunFencedError(run.id);
    } catch (error) {
      // What it belongs to was erased while it was on its way.
      if (isOrphan(error)) throw new RunFencedError(run.id);
      // Nobody else writes within this epoch: the rows that are in the way are our own, of a try whose answer was lost.
      if (!isOwnRepetition(error)) throw error;
    }
  }
}

/** The model call that an owner was in when it died; its figures are a guess. */
export interface LostModelCall {
  readonly seq: number;
  readonly epoch: number;
  readonly call: ModelCallRecord;
}

/** A model call's message, its step, its tool intents and its row in the ledger. `first` is the first of `modelStepColumns`. */
const storeModelStep = (first: number, { message, approvals }: ModelStepRecord, keep?: string): string => {
  const intentStatus = approvals.intents.length > 0 ? 'waiting' : 'started';
  const at = (index: number): string => `$${first + index}`;
  return `
  ${message ? nextMessage(keep) : 'place AS (SELECT NULL::uuid AS id, 0 AS seq WHERE false)'},
  new_message AS (
    INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
    SELECT ${at(0)}::uuid, place.id, fence.user_id, place.seq, 'assistant', ${at(1)}::jsonb, ${at(2)}::text, fence.id, clock_timestamp()
      FROM place, fence),
  model_step AS (
    INSERT INTO step (run_id, seq, step, kind, status, result, started_at, ended_at)
    SELECT fence.id, ${at(3)}::integer, ${at(4)}::integer, 'model', ${at(5)}::text, ${at(6)}::jsonb, ${at(7)}::timestamptz,
           clock_timestamp() FROM fence),
  intents AS (
    INSERT INTO step (run_id, seq, step, kind, status, call_id, tool_name, request, started_at)
    SELECT fence.id, i.seq, ${at(4)}::integer, 'tool', '${intentStatus}', i.call_id, i.tool_name, i.input, clock_timestamp()
      FROM fence, jsonb_to_recordset(${at(8)}::jsonb) AS i(seq integer, call_id text, tool_name text, input jsonb)),
  ledger AS (${LEDGER(first + 9)})`;
};

function modelStepColumns(run: OwnedRun, record: ModelStepRecord): unknown[] {
  const { message, modelCall } = record;
  const result = {
    finish_reason: record.finishReason,
    ...(record.rawFinishReason === undefined ? {} : { raw_finish_reason: record.rawFinishReason }),
    ...(message ? { message_id: record.messageId } : {}),
    ...(modelCall
      ? { model: modelCall.model, usage: modelCall.usage, cost_usd: costText(modelCall.cost) }
      : {}),
  };
  return [
    record.messageId,
    toStorableJson(message?.parts ?? []),
    record.isComplete ? 'complete' : 'incomplete',
    record.seq,
    record.step,
    record.isComplete ? 'done' : 'error',
    toStorableJson(result),
    record.startedAt,
    toStorableJson(record.intents.map(toIntentRow)),
    ...ledgerColumns(run, record.seq, modelCall, modelCall?.usage.source),
  ];
}

/** The ledger takes what was spent in any case, fence or not. `first` is the first of `ledgerColumns`. */
const LEDGER = (first: number): string => {
  const at = (index: number): string => `$${first + index}`;
  return `
  INSERT INTO usage_record (run_id, epoch, seq, user_id, tier, endpoint, provider, model, source, input_tokens, output_tokens,
                            cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, admitted_at, price_version, created_at)
  SELECT $1::uuid, ${at(13)}::integer, ${at(0)}::integer, ${at(1)}::uuid, ${at(2)}::text, ${at(3)}::text, ${at(4)}::text,
         ${at(5)}::text, ${at(6)}::text, ${at(7)}::bigint, ${at(8)}::bigint, ${at(9)}::bigint, ${at(10)}::bigint,
         ${at(11)}::bigint, ${at(12)}::numeric, ${at(14)}::timestamptz, ${at(15)}::text, clock_timestamp()
   WHERE ${at(4)}::text IS NOT NULL
  ON CONFLICT ON CONSTRAINT usage_record_pk DO NOTHING`;
};

function ledgerColumns(
  run: OwnedRun,
  seq: number,
  call: ModelCallRecord | undefined,
  source: 'measured' | 'estimated' | 'unknown' | undefined,
  epoch: number | null = run.epoch,
): unknown[] {
  const usage = call?.usage;
  return [
    seq,
    run.principal.userId,
    run.principal.tier,
    run.endpoint,
    call?.provider ?? null,
    call?.model ?? null,
    source ?? null,
    usage?.inputTokens.total ?? null,
    usage?.outputTokens.total ?? null,
    usage?.inputTokens.cacheRead ?? null,
    usage?.inputTokens.cacheWrite ?? null,
    usage?.outputTokens.reasoning ?? null,
    call?.cost === undefined ? null : formatUsd(call.cost),
    epoch,
    run.admittedAt,
    call?.priceVersion ?? null,
  ];
}

function eventColumns(events: Events): [firstIds: number[], lastIds: number[], texts: string[]] {
  const rows = toStoredRows(events);
  return [rows.map(({ firstId }) => firstId), rows.map(({ lastId }) => lastId), rows.map(({ text }) => text)];
}

const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';
const OWN_KEYS: ReadonlySet<string> = new Set(['step_pk', 'message_pk', 'run_event_pk']);

function isOrphan(error: unknown): boolean {
  return (
    error instanceof QueryFailedError &&
    (error.driverError as { code?: string }).code === FOREIGN_KEY_VIOLATION
  );
}

function isOwnRepetition(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, constraint } = error.driverError as { code?: string; constraint?: string };
  return code === UNIQUE_VIOLATION && OWN_KEYS.has(constraint ?? '');
}

function statusOf({ isError, result }: ToolResult): 'done' | 'error' | 'unknown' {
  if (!isError) return 'done';
  return JSON.stringify(result).includes(`"code":"${OUTCOME_UNKNOWN}"`) ? 'unknown' : 'error';
}

function toIntentRow({ seq, call }: ToolIntent): Record<string, unknown> {
  return { seq, call_id: call.toolCallId, tool_name: call.toolName, input: call.invalidInput ?? call.input };
}

function costText(cost: bigint | undefined): string | null {
  return cost === undefined ? null : formatUsd(cost);
}
