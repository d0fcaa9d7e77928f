import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { Principal } from '../../shared/context/principal.js';
import type { JsonValue } from '../../shared/llm/json.js';
import { AgentMetrics } from '../observability/index.js';
import { toBoundedJson } from './bounded-json.js';
import { type Tool, type ToolContext, ToolError } from './tool.js';
import type { ToolFailure, ToolOutcome } from './tool-outcome.js';
import { mayUse } from './tool-policy.js';
import { ToolRegistry } from './tool-registry.js';

export interface ToolInvocation {
  readonly toolName: string;
  readonly input: JsonValue;
  readonly toolCallId: string;
  readonly idempotencyKey: string;
}

export interface ToolCaller {
  readonly principal: Principal;
  /** `undefined` when a user calls the tool directly. */
  readonly runId?: string;
  readonly signal: AbortSignal;
  /** What may be used here beyond what the caller may: the agent's tools. */
  readonly allowedTools: ReadonlySet<string>;
}

/** The one door to every tool: known → allowed → valid → executed within its time → result bounded. */
@Injectable()
export class ToolExecutor {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly metrics: AgentMetrics,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never throws: whatever happens is an outcome. */
  async execute(call: ToolInvocation, caller: ToolCaller): Promise<ToolOutcome> {
    const startedMs = this.clock.monotonicMs();
    const tool = this.registry.get(call.toolName);
    const outcome = await this.attempt(tool, call, caller);
    const durationMs = this.clock.monotonicMs() - startedMs;
    const timed: ToolOutcome = { ...outcome, durationMs };
    this.report(tool, call, caller, timed);
    return timed;
  }

  private async attempt(
    tool: Tool | undefined,
    call: ToolInvocation,
    caller: ToolCaller,
  ): Promise<ToolOutcome> {
    if (!tool)
      return failure('unknown_tool', `There is no tool ${JSON.stringify(call.toolName.slice(0, 64))}.`);
    if (!caller.allowedTools.has(tool.name) || !mayUse(tool, caller.principal)) {
      return failure('forbidden', `The tool ${tool.name} is not allowed here.`);
    }
    const parsed = tool.parseInput(call.input);
    if (!parsed.ok)
      return {
        ...failure('invalid_input', 'The parameters are not what the tool takes.'),
        errors: parsed.errors,
      };
    if (caller.signal.aborted) return failure('cancelled', 'The run ended before the tool was executed.');
    return this.run(tool, parsed.input, call, caller);
  }

  private async run(
    tool: Tool,
    input: unknown,
    call: ToolInvocation,
    caller: ToolCaller,
  ): Promise<ToolOutcome> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error('tool deadline')), tool.timeoutMs);
    const signal = AbortSignal.any([caller.signal, deadline.signal]);
    const context: ToolContext = {
      userId: caller.principal.userId,
      ...(caller.runId === undefined ? {} : { runId: caller.runId }),
      toolCallId: call.toolCallId,
      idempotencyKey: call.idempotencyKey,
      signal,
      reportProgress: () => undefined,
    };
    try {
      const result = await Promise.race([tool.execute(input, context), rejectWhenAborted(signal)]);
      return { status: 'ok', result: toBoundedJson(result), durationMs: 0 };
    } catch (error) {
      if (deadline.signal.aborted)
        return failure('timeout', `The tool took longer than ${tool.timeoutMs} ms.`);
      if (caller.signal.aborted) return failure('cancelled', 'The run ended before the tool was done.');
      if (error instanceof ToolError) return { ...failure('tool_error', error.message), code: error.code };
      this.logger.error({
        event: 'agent.tool.crashed',
        tool_name: tool.name,
        tool_call_id: call.toolCallId,
        err: error,
      });
      return failure('tool_failed', 'The tool failed.');
    } finally {
      clearTimeout(timer);
      // Work that ignores its deadline at least hears that nobody waits for it any more.
      deadline.abort(new Error('the tool call is over'));
    }
  }

  private report(
    tool: Tool | undefined,
    call: ToolInvocation,
    caller: ToolCaller,
    outcome: ToolOutcome,
  ): void {
    const status = outcome.status === 'ok' ? 'ok' : outcome.kind;
    // A name that the model made up would be an unbounded label.
    this.metrics.recordTool({
      toolName: tool?.name ?? 'unknown',
      status,
      durationSeconds: outcome.durationMs / 1000,
    });
    this.logger.info({
      event: 'agent.tool.execution',
      tool_name: tool?.name ?? 'unknown',
      tool_call_id: call.toolCallId,
      user_id: caller.principal.userId,
      ...(caller.runId === undefined ? {} : { run_id: caller.runId }),
      status,
      duration_ms: Math.round(outcome.durationMs * 100) / 100,
      // Names and size only: values may be what a user told the model in confidence.
      parameters: parameterNames(call.input),
      result_size: outcome.status === 'ok' ? JSON.stringify(outcome.result).length : 0,
    });
  }
}

function failure(kind: ToolFailure['kind'], message: string): ToolFailure {
  return { status: 'error', kind, code: kind, message, durationMs: 0 };
}

function parameterNames(input: JsonValue): string[] {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? Object.keys(input)
        .slice(0, 20)
        .map((key) => key.slice(0, 64))
    : [];
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
