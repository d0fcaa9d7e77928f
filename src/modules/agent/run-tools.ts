import { Inject, Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { limitedTo, nobody, type Principal } from '../../shared/context/principal.js';
import type { ToolCall, ToolDefinition, ToolResult } from '../../shared/llm/tool-call.js';
import { PrincipalService } from '../auth/index.js';
import {
  type ToolCaller,
  ToolExecutor,
  ToolGate,
  type ToolInvocation,
  ToolPolicy,
  ToolRegistry,
  toToolResult,
} from '../tools/index.js';
import { AgentTools } from './agent-tools.js';
import { ToolApprovalRepository } from './approvals/tool-approval.repository.js';
import { hadCanary } from './guardrails/screen-call.js';
import { persist } from './journal-persistence.js';
import { ToolTextGuard } from './guardrails/tool-text-guard.js';
import { refusal } from './loop/execute-tool-calls.js';
import type { StepEvent } from './loop/run-events.js';
import type { ApprovalDemand, ToolIntent } from './loop/run-journal.js';
import type { PreparedRequest } from './run-preparer.js';
import type { OwnedRun } from './run.js';

/** A call of a run, with its place in the journal and its step. */
export interface PlacedCall {
  readonly call: ToolCall;
  readonly seq: number;
  readonly step: number;
}

/**
 * The tools of a run while it runs. Who its user is and what they may do is asked each time: what an administrator takes
 * away is gone within seconds, also for a run that began before.
 */
@Injectable()
export class RunTools {
  constructor(
    private readonly executor: ToolExecutor,
    private readonly gate: ToolGate,
    private readonly registry: ToolRegistry,
    private readonly policy: ToolPolicy,
    private readonly agentTools: AgentTools,
    private readonly principals: PrincipalService,
    private readonly approvals: ToolApprovalRepository,
    private readonly texts: ToolTextGuard,
    private readonly config: ToolsConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those of `offered` that the run's user may use by now. */
  async offer(
    run: OwnedRun,
    offered: readonly ToolDefinition[],
    signal: AbortSignal,
  ): Promise<readonly ToolDefinition[]> {
    return this.agentTools.stillUsable(await this.principalOf(run, signal), offered);
  }

  /** Those of a step's calls that a person has to agree to; that they are asked is in the audit trail. */
  async approvalsFor(
    run: OwnedRun,
    request: PreparedRequest,
    intents: readonly ToolIntent[],
    signal: AbortSignal,
  ): Promise<ApprovalDemand> {
    const expiresAt = new Date(this.clock.now().getTime() + this.config.approvalTtlMs);
    const { limits } = request;
    const caller = await this.callerOf(run, request, signal);
    const asked = intents
      // What is refused anyway is nothing to ask for.
      .slice(0, limits.maxToolCallsPerStep)
      .filter(
        ({ call, seq }) =>
          call.invalidInput === undefined &&
          !hadCanary(call) &&
          this.gate.awaitsApproval(toInvocation(run, call, seq), caller),
      );
    for (const { call, seq } of asked) {
      await persist(() => this.gate.recordRequest(toInvocation(run, call, seq), caller), signal);
    }
    return { intents: asked, expiresAt };
  }

  /** Executes one call and always answers. */
  async execute(
    run: OwnedRun,
    request: PreparedRequest,
    { call, seq, step }: PlacedCall,
    signal: AbortSignal,
    tell: (event: StepEvent) => void,
  ): Promise<ToolResult> {
    const { toolCallId, toolName } = call;
    if (hadCanary(call)) {
      return refusal(call, 'canary_in_arguments', 'A call must not carry the mark of the system prompt.');
    }
    const caller: ToolCaller = {
      ...(await this.callerOf(run, request, signal)),
      approval: (hash) => persist(() => this.approvals.take(run.id, seq, hash), signal),
      onProgress: (message) => tell({ type: 'tool-progress', step, toolCallId, toolName, message }),
    };
    // Before it is executed, of the very tool that is: a server may take it away, or back, before it answers.
    const marks = this.policy.marksOf(this.registry.get(toolName));
    const outcome = await this.executor.execute(toInvocation(run, call, seq), caller);
    const result = toToolResult(call, outcome, marks);
    return this.texts.judged(run, result);
  }

  private async callerOf(
    run: OwnedRun,
    { tools, exposure }: PreparedRequest,
    signal: AbortSignal,
  ): Promise<ToolCaller> {
    return {
      principal: await this.principalOf(run, signal),
      runId: run.id,
      requestId: run.requestId,
      signal,
      allowedTools: new Set(tools.map(({ name }) => name)),
      exposure,
    };
  }

  private async principalOf({ principal }: OwnedRun, signal: AbortSignal): Promise<Principal> {
    const { userId, scopes } = principal;
    const user = await persist(() => this.principals.currentPrincipalOf(userId), signal);
    return limitedTo(user ?? nobody(userId), scopes);
  }
}

function toInvocation(run: OwnedRun, { toolName, input, toolCallId }: ToolCall, seq: number): ToolInvocation {
  return { toolName, input, toolCallId, idempotencyKey: `${run.id}:${seq}` };
}
