import { Injectable } from '@nestjs/common';
import type { AssistantPart, ToolResultPart } from '../../shared/llm/content-part.js';
import type { UserMessage } from '../../shared/llm/message.js';
import type { ToolCall, ToolResult } from '../../shared/llm/tool-call.js';
import { NO_USAGE } from '../../shared/llm/usage.js';
import { parseUsd } from '../../shared/money/usd.js';
import type { QuotaAmount } from '../rate-limit/index.js';
import { ToolPolicy, ToolRegistry } from '../tools/index.js';
import { outcomeUnknown } from './loop/execute-tool-calls.js';
import type { JournalledStep, ToolIntent } from './loop/run-journal.js';
import type { ClaimedRun } from './run.js';
import {
  type JournalMessage,
  type JournalRow,
  type LedgerRow,
  type ModelCallRow,
  RunResumptionRepository,
} from './run-resumption.repository.js';
import { RunTally } from './run-tally.js';

/** Where the next owner of a run goes on. */
export interface ResumePoint {
  readonly steps: readonly JournalledStep[];
  /** The user's message, and its place in the conversation. */
  readonly current: UserMessage;
  readonly messageSeq: number;
  readonly lastEventId: number;
  readonly lastSettledId: number;
  /** What the owner before held for its last model call. */
  readonly held: QuotaAmount;
  /** What the run has used so far. */
  readonly tally: RunTally;
}

/** Reads a journal as data: nothing of it is executed again. */
@Injectable()
export class RunResumption {
  constructor(
    private readonly repository: RunResumptionRepository,
    private readonly tools: ToolRegistry,
    private readonly policy: ToolPolicy,
  ) {}

  async read(run: ClaimedRun): Promise<ResumePoint> {
    const { steps, messages, ledger, lastEventId, lastSettledId, held } = await this.repository.read(run.id);
    const message = messages.find(({ id }) => id === run.userMessageId);
    const journalled = steps
      .filter(({ kind }) => kind === 'model')
      .map((row) => this.toStep(row, steps, messages));
    return {
      steps: journalled,
      current: { role: 'user', parts: (message?.parts ?? []) as UserMessage['parts'] },
      messageSeq: message?.seq ?? 1,
      lastEventId,
      lastSettledId,
      held,
      tally: toTally(ledger, journalled),
    };
  }

  private toStep(
    row: JournalRow,
    all: readonly JournalRow[],
    messages: readonly JournalMessage[],
  ): JournalledStep {
    const call = row.result as unknown as ModelCallRow;
    const messageAt = messages.findIndex(({ id }) => id === call.message_id);
    const parts = (messages[messageAt]?.parts ?? []) as AssistantPart[];
    const answer = messageAt < 0 ? undefined : messages[messageAt + 1];
    const toolMessage = answer?.role === 'tool' ? answer : undefined;
    const calls = new Map<string, ToolCall>();
    for (const part of parts) if (part.type === 'tool-call') calls.set(part.toolCallId, part);
    const results = new Map<number, ToolResult>();
    const intents: ToolIntent[] = [];
    let isDispatched = true;
    for (const tool of all) {
      const asked =
        tool.kind === 'tool' && tool.step === row.step ? calls.get(tool.call_id ?? '') : undefined;
      if (!asked) continue;
      intents.push({ seq: tool.seq, call: asked });
      if (tool.status === 'waiting') isDispatched = false;
      const result = toolMessage
        ? (toolMessage.parts as readonly ToolResultPart[]).find((part) => part.toolCallId === tool.call_id)
        : this.resultOf(tool, asked);
      if (result) results.set(tool.seq, toResult(result));
    }
    return {
      seq: row.seq,
      step: row.step,
      messageId: call.message_id ?? null,
      parts,
      isComplete: row.status === 'done',
      finishReason: call.finish_reason,
      model: call.model ?? '',
      usage: call.usage ?? NO_USAGE,
      cost: typeof call.cost_usd === 'string' ? parseUsd(call.cost_usd) : undefined,
      intents,
      results,
      isDispatched,
      areResultsCommitted: toolMessage !== undefined,
    };
  }

  /** A call that was dispatched and left no result is not executed again, unless its tool says that this is harmless. */
  private resultOf(row: JournalRow, call: ToolCall): ToolResult | undefined {
    if (row.status === 'waiting') return undefined;
    const tool = this.tools.get(call.toolName);
    if (row.status !== 'started') {
      return {
        toolCallId: call.toolCallId,
        toolName: call.toolName,
        result: row.result,
        isError: row.status !== 'done',
        durationMs: row.duration_ms,
        // The journal has only what was said; whose words those are depends on the tool.
        ...this.policy.marksOf(tool),
      };
    }
    return tool && !tool.isIdempotent && call.invalidInput === undefined ? outcomeUnknown(call) : undefined;
  }
}

function toResult({
  toolCallId,
  toolName,
  result,
  isError,
  durationMs,
  ...marks
}: ToolResultPart | ToolResult): ToolResult {
  const { taint, isPrivate } = marks;
  return {
    toolCallId,
    toolName,
    result,
    isError,
    durationMs,
    ...(taint ? { taint } : {}),
    ...(isPrivate ? { isPrivate } : {}),
  };
}

function toTally(ledger: readonly LedgerRow[], steps: readonly JournalledStep[]): RunTally {
  const tally = new RunTally();
  for (const row of ledger) {
    const optional = (value: string | null): number | undefined =>
      value === null ? undefined : Number(value);
    tally.addModelCall({
      usage: {
        inputTokens: {
          total: Number(row.input_tokens),
          cacheRead: optional(row.cache_read_tokens),
          cacheWrite: optional(row.cache_write_tokens),
        },
        outputTokens: { total: Number(row.output_tokens), reasoning: optional(row.reasoning_tokens) },
        source: row.source === 'measured' ? 'measured' : 'estimated',
      },
      cost: row.cost_usd === null ? undefined : parseUsd(row.cost_usd),
    });
  }
  for (const step of steps) {
    if (step.parts.length > 0) tally.hasStreamed = true;
    for (const { call, seq } of step.intents) {
      if (!step.areResultsCommitted) tally.observe({ type: 'tool-call', step: step.step, call });
      else tally.toolCalls.push({ call, result: step.results.get(seq)! });
    }
  }
  return tally;
}
