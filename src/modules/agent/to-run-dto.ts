import type { Usage } from '../../shared/llm/usage.js';
import type { ApprovalRecord, RunRecord, StepRecord } from './run.js';
import type { ContextReport } from './context/context-report.js';
import type { ApprovalDto, ContextDto, RunDto, StepDto, WaitingRunDto } from './runs.dto.js';
import { toUsageDto } from './surfaces/native/to-chat-answer.js';

export function toRunDto(run: RunRecord): RunDto {
  return {
    run_id: run.id,
    session_id: run.sessionId,
    status: run.status,
    agent: run.agent,
    model: run.model,
    prompt: run.prompt,
    stop_reason: run.stopReason,
    finish_reason: run.finishReason,
    message_id: run.messageId,
    usage: run.usage && toUsageDto(run.usage),
    cost_usd: run.costUsd,
    context: run.context && toContextDto(run.context),
    cached: run.isCached,
    problem: run.problem,
    created_at: run.createdAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    ended_at: run.endedAt?.toISOString() ?? null,
    steps: run.steps.map(toStepDto),
    approvals: run.approvals.map(toApprovalDto),
  };
}

function toContextDto(report: ContextReport): ContextDto {
  return {
    window_tokens: report.windowTokens,
    estimated_tokens: report.estimatedTokens,
    included_messages: report.includedMessages,
    left_out_messages: report.leftOutMessages,
    recalled_messages: report.recalledMessages,
    pinned_messages: report.pinnedMessages,
    shortened_results: report.shortenedResults,
    summary_version: report.summaryVersion,
    memories: report.memories,
  };
}

export function toWaitingRunDto(run: RunRecord): WaitingRunDto {
  return {
    run_id: run.id,
    session_id: run.sessionId,
    status: run.status,
    approvals: run.approvals.filter(({ status }) => status === 'pending').map(toApprovalDto),
  };
}

function toApprovalDto(approval: ApprovalRecord): ApprovalDto {
  return {
    tool_call_id: approval.toolCallId,
    tool_name: approval.toolName,
    input: approval.input,
    status: approval.status,
    reason: approval.reason,
    expires_at: approval.expiresAt.toISOString(),
    decided_at: approval.decidedAt?.toISOString() ?? null,
  };
}

/** What the journal keeps of a model call in its `result`. */
interface ModelCallResult {
  readonly model?: string;
  readonly finish_reason?: string;
  readonly usage?: Usage;
  readonly cost_usd?: string | null;
}

function toStepDto(step: StepRecord): StepDto {
  const modelCall = step.kind === 'model' ? (step.result as ModelCallResult | null) : null;
  return {
    seq: step.seq,
    step: step.step,
    kind: step.kind,
    status: step.status,
    tool_call_id: step.toolCallId,
    tool_name: step.toolName,
    input: step.request,
    result: modelCall ? null : step.result,
    model: modelCall?.model ?? null,
    finish_reason: modelCall?.finish_reason ?? null,
    usage: modelCall?.usage ? toUsageDto(modelCall.usage) : null,
    cost_usd: modelCall?.cost_usd ?? null,
    started_at: step.startedAt.toISOString(),
    ended_at: step.endedAt?.toISOString() ?? null,
  };
}
