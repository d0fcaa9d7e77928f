import { totalTokens, type Usage } from '../../../../shared/llm/usage.js';
import { formatUsd, type PicoUsd } from '../../../../shared/money/usd.js';
import type { ToolCall } from '../../../../shared/llm/tool-call.js';
import type { RunAnswer } from '../../loop/run-events.js';
import type { ChatAnswerDto, UsageDto } from '../../chat.dto.js';

export function toUsageDto(usage: Usage): UsageDto {
  return {
    input_tokens: usage.inputTokens.total,
    output_tokens: usage.outputTokens.total,
    cache_read_tokens: usage.inputTokens.cacheRead ?? 0,
    cache_write_tokens: usage.inputTokens.cacheWrite ?? 0,
    total_tokens: totalTokens(usage),
    source: usage.source,
  };
}

export function toCostUsd(cost: PicoUsd | undefined): string | null {
  return cost === undefined ? null : formatUsd(cost);
}

/** What the model passed: the parsed input, or its raw text when that was no JSON. */
export function toInput(call: ToolCall): unknown {
  return call.invalidInput ?? call.input;
}

export function toChatAnswerDto(answer: RunAnswer): ChatAnswerDto {
  return {
    run_id: answer.runId,
    session_id: answer.sessionId,
    message_id: answer.messageId,
    content: answer.content,
    tool_calls: answer.toolCalls.map(({ call, result }) => ({
      tool_call_id: call.toolCallId,
      tool_name: call.toolName,
      input: toInput(call),
      result: result.result,
      is_error: result.isError,
      duration_ms: roundMs(result.durationMs),
    })),
    finish_reason: answer.finishReason,
    stop_reason: answer.stopReason,
    model: answer.model,
    prompt: answer.prompt ?? null,
    usage: toUsageDto(answer.usage),
    cost_usd: toCostUsd(answer.cost),
    cached: answer.cached ?? false,
    latency_ms: roundMs(answer.latencyMs),
  };
}

export function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
