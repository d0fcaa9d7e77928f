import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import type { JsonValue } from '../../shared/llm/json.js';
import { AgentMetrics } from '../observability/index.js';
import { toBoundedJson } from './bounded-json.js';
import { ExecutionSlots } from './execution-slots.js';
import { boundedProgress } from './bounded-progress.js';
import { type Tool, type ToolContext, ToolError, ToolUnavailableError } from './tool.js';
import { ToolBreakers } from './tool-breakers.js';
import type { ToolCaller, ToolInvocation } from './tool-caller.js';
import { type AdmittedCall, isFailure, ToolGate } from './tool-gate.js';
import { type ToolErrorKind, type ToolOutcome, toolFailure } from './tool-outcome.js';
import { ToolPolicy } from './tool-policy.js';
import { ToolRegistry } from './tool-registry.js';

/** What a tool's breaker counts: the tool's own fault, whatever it was asked. */
const OUTAGES: ReadonlySet<ToolErrorKind> = new Set(['timeout', 'tool_failed', 'unavailable']);

/** Executes what the gate has admitted: in its place, within its time, its result bounded. */
@Injectable()
export class ToolExecutor {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly gate: ToolGate,
    private readonly policy: ToolPolicy,
    private readonly slots: ExecutionSlots,
    private readonly breakers: ToolBreakers,
    private readonly metrics: AgentMetrics,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never throws: whatever happens is an outcome. */
  async execute(call: ToolInvocation, caller: ToolCaller): Promise<ToolOutcome> {
    const startedMs = this.clock.monotonicMs();
    const outcome = await this.attempt(call, caller);
    const durationMs = this.clock.monotonicMs() - startedMs;
    const timed: ToolOutcome = { ...outcome, durationMs };
    this.report(this.registry.get(call.toolName), call, caller, timed);
    return timed;
  }

  private async attempt(call: ToolInvocation, caller: ToolCaller): Promise<ToolOutcome> {
    const { signal } = caller;
    if (signal.aborted) return neverStarted();
    const admitted = await this.gate.admit(call, caller);
    if (isFailure(admitted)) return admitted;
    const { tool } = admitted;
    const { permit } = this.breakers.of(tool).acquire();
    if (!permit) return isDown(tool);
    const release = await this.slots.acquire(signal);
    try {
      if (signal.aborted) return neverStarted();
      if (!release)
        return toolFailure('busy', 'Too many tools are at work. Try again in a moment.', {
          retryAfterMs: 1_000,
        });
      const outcome = await this.run(admitted, call, caller);
      if (outcome.status === 'ok') permit.succeeded();
      else if (OUTAGES.has(outcome.kind)) permit.failed();
      return outcome;
    } finally {
      // Of a call that said nothing about the tool's health.
      permit.released();
      release?.();
    }
  }

  private async run(
    { tool, input }: AdmittedCall,
    call: ToolInvocation,
    caller: ToolCaller,
  ): Promise<ToolOutcome> {
    const timeoutMs = this.policy.timeoutMsOf(tool);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error('tool deadline')), timeoutMs);
    const signal = AbortSignal.any([caller.signal, deadline.signal]);
    const context: ToolContext = {
      userId: caller.principal.userId,
      ...(caller.runId === undefined ? {} : { runId: caller.runId }),
      toolCallId: call.toolCallId,
      idempotencyKey: call.idempotencyKey,
      signal,
      reportProgress: boundedProgress(caller.onProgress, signal, this.clock),
    };
    try {
      const result = await Promise.race([tool.execute(input, context), rejectWhenAborted(signal)]);
      return { status: 'ok', result: toBoundedJson(result), durationMs: 0 };
    } catch (error) {
      if (deadline.signal.aborted)
        return toolFailure('timeout', `The tool took longer than ${timeoutMs} ms.`);
      if (caller.signal.aborted) return toolFailure('cancelled', 'The run ended before the tool was done.');
      if (error instanceof ToolUnavailableError) {
        return toolFailure('unavailable', tool.whenDown ?? error.message, { code: error.code });
      }
      if (error instanceof ToolError) return toolFailure('tool_error', error.message, { code: error.code });
      this.logger.error({
        event: 'agent.tool.crashed',
        tool_name: tool.name,
        tool_call_id: call.toolCallId,
        err: error,
      });
      return toolFailure('tool_failed', 'The tool failed.');
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
      // Names and size only, and no name that was made up: both may be what a user told the model in confidence.
      parameters: parameterNames(tool, call.input),
      result_size: outcome.status === 'ok' ? JSON.stringify(outcome.result).length : 0,
    });
  }
}

function neverStarted(): ToolOutcome {
  return toolFailure('cancelled', 'The run ended before the tool was executed.');
}

function isDown(tool: Tool): ToolOutcome {
  const message =
    tool.whenDown ?? `The tool ${tool.name} does not work at the moment. Go on without it, and say so.`;
  return toolFailure('unavailable', message, { code: 'tool_unavailable' });
}

function parameterNames(tool: Tool | undefined, input: JsonValue): string[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  const known = tool?.inputSchema['properties'] ?? {};
  return Object.keys(input)
    .filter((name) => Object.hasOwn(known, name))
    .slice(0, 20);
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
