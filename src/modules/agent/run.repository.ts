import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Usage } from '../../shared/llm/usage.js';
import { formatUsd, parseUsd } from '../../shared/money/usd.js';
import { ToolApprovalRepository } from './approvals/tool-approval.repository.js';
import { toRunPrompt } from './prompts/run-prompt.js';
import type { RunRecord, StepRecord } from './run.js';

interface RunRow {
  id: string;
  conversation_id: string;
  status: RunRecord['status'];
  agent: string;
  model: string;
  prompt_name: string | null;
  prompt_version: number | null;
  stop_reason: RunRecord['stopReason'];
  finish_reason: RunRecord['finishReason'];
  message_id: string | null;
  usage: RunRecord['usage'];
  cost_usd: string | null;
  context: RunRecord['context'];
  is_cached: boolean;
  error: RunRecord['problem'];
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

interface StepRow {
  seq: number;
  step: number;
  kind: StepRecord['kind'];
  status: StepRecord['status'];
  call_id: string | null;
  tool_name: string | null;
  request: StepRecord['request'];
  result: StepRecord['result'];
  started_at: Date;
  ended_at: Date | null;
}

interface SpentRow {
  calls: number;
  input: number;
  output: number;
  cache_read: number | null;
  cache_write: number | null;
  reasoning: number | null;
  is_measured: boolean;
  cost_usd: string | null;
}

/** Reads runs; always of one user. */
@Injectable()
export class RunRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly approvals: ToolApprovalRepository,
  ) {}

  async findOne(userId: string, runId: string): Promise<RunRecord | undefined> {
    const [run] = await this.dataSource.query<RunRow[]>(
      `SELECT id, conversation_id, status, agent, model, prompt_name, prompt_version, stop_reason, finish_reason, message_id,
              usage, cost_usd, context, is_cached, error, created_at, started_at, ended_at
         FROM run WHERE id = $1 AND user_id = $2`,
      [runId, userId],
    );
    if (!run) return undefined;
    const steps = await this.dataSource.query<StepRow[]>(
      `SELECT seq, step, kind, status, call_id, tool_name, request, result, started_at, ended_at
         FROM step WHERE run_id = $1 ORDER BY seq`,
      [runId],
    );
    const spent = run.usage || run.status === 'queued' ? undefined : await this.spentSoFar(userId, runId);
    return {
      id: run.id,
      sessionId: run.conversation_id,
      status: run.status,
      agent: run.agent,
      model: run.model,
      prompt: toRunPrompt(run),
      stopReason: run.stop_reason,
      finishReason: run.finish_reason,
      messageId: run.message_id,
      usage: run.usage ?? spent?.usage ?? null,
      costUsd: toContractUsd(run.usage ? run.cost_usd : spent?.costUsd),
      context: run.context,
      isCached: run.is_cached,
      problem: run.error,
      createdAt: run.created_at,
      startedAt: run.started_at,
      endedAt: run.ended_at,
      steps: steps.map((step) => ({
        seq: step.seq,
        step: step.step,
        kind: step.kind,
        status: step.status,
        toolCallId: step.call_id,
        toolName: step.tool_name,
        request: step.request,
        result: step.result,
        startedAt: step.started_at,
        endedAt: step.ended_at,
      })),
      approvals: await this.approvals.ofRun(userId, runId),
    };
  }

  /** Of a run that goes on: what the ledger has of it. `undefined`: no model call has ended yet. */
  private async spentSoFar(
    userId: string,
    runId: string,
  ): Promise<{ usage: Usage; costUsd: string | null } | undefined> {
    const [row] = await this.dataSource.query<SpentRow[]>(
      `SELECT count(*)::integer AS calls, sum(input_tokens)::float AS input, sum(output_tokens)::float AS output,
              sum(cache_read_tokens)::float AS cache_read, sum(cache_write_tokens)::float AS cache_write,
              sum(reasoning_tokens)::float AS reasoning, bool_and(source = 'measured') AS is_measured,
              CASE WHEN bool_and(cost_usd IS NOT NULL) THEN sum(cost_usd) END AS cost_usd
         FROM usage_record WHERE run_id = $1 AND user_id = $2`,
      [runId, userId],
    );
    if (!row || row.calls === 0) return undefined;
    return {
      usage: {
        inputTokens: {
          total: row.input,
          cacheRead: row.cache_read ?? undefined,
          cacheWrite: row.cache_write ?? undefined,
        },
        outputTokens: { total: row.output, reasoning: row.reasoning ?? undefined },
        source: row.is_measured ? 'measured' : 'estimated',
      },
      costUsd: row.cost_usd,
    };
  }
}

/** The column has all twelve decimals; the contract shows those that matter. */
function toContractUsd(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : formatUsd(parseUsd(text));
}
