import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { actorOf, AuditTrail } from '../observability/index.js';
import { ThrottleStorage } from '../rate-limit/index.js';
import { callHash } from './call-hash.js';
import type { Tool } from './tool.js';
import type { ToolCaller, ToolInvocation } from './tool-caller.js';
import { TaintPolicy } from './taint-policy.js';
import { ToolMetrics } from './tool-metrics.js';
import { type ToolFailure, toolFailure } from './tool-outcome.js';
import { ToolPolicy } from './tool-policy.js';
import { ToolRegistry } from './tool-registry.js';

const MINUTE_MS = 60_000;
const MAX_NAME_LENGTH = 64;
const MAX_CALL_ID_LENGTH = 128;

/** A call that may be executed now. */
export interface AdmittedCall {
  readonly tool: Tool;
  readonly input: unknown;
}

type Verdict = { readonly tool: Tool; readonly input: unknown } | ToolFailure;

/**
 * The one door to every tool: known → allowed → valid → agreed to → within its quota. Each decision is in the audit trail
 * before anything is executed; where the trail cannot be written, nothing is.
 */
@Injectable()
export class ToolGate {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly policy: ToolPolicy,
    private readonly taint: TaintPolicy,
    private readonly windows: ThrottleStorage,
    private readonly trail: AuditTrail,
    private readonly metrics: ToolMetrics,
    private readonly logger: PinoLogger,
  ) {}

  /** Whether this call would be executed if only a person agreed. Decides nothing, uses nothing up. */
  awaitsApproval(call: ToolInvocation, caller: ToolCaller): boolean {
    const verdict = this.inspect(call, caller);
    return !isFailure(verdict) && this.needsYes(verdict, caller);
  }

  /** Never throws. */
  async admit(call: ToolInvocation, caller: ToolCaller): Promise<AdmittedCall | ToolFailure> {
    const tool = this.registry.get(call.toolName);
    try {
      const verdict = await this.decide(call, caller);
      const needsYes = !isFailure(verdict) && this.needsYes(verdict, caller);
      await this.record(tool, call, caller, isFailure(verdict) ? verdict.code : 'allowed', needsYes);
      return verdict;
    } catch (error) {
      this.logger.error({ event: 'agent.tool.not_decided', tool_name: tool?.name ?? 'unknown', err: error });
      return toolFailure('unavailable', 'It could not be decided now whether this call is allowed.');
    }
  }

  /** Writes into the trail that a call waits for its user. */
  async recordRequest(call: ToolInvocation, caller: ToolCaller): Promise<void> {
    await this.record(this.registry.get(call.toolName), call, caller, 'approval_requested');
  }

  private inspect(call: ToolInvocation, { principal, allowedTools }: ToolCaller): Verdict {
    const tool = this.registry.get(call.toolName);
    if (!tool) {
      const name = JSON.stringify(call.toolName.slice(0, MAX_NAME_LENGTH));
      return toolFailure('unknown_tool', `There is no tool ${name}.`);
    }
    if (!allowedTools.has(tool.name) || !this.policy.mayUse(tool, principal)) {
      return toolFailure('forbidden', `The tool ${tool.name} is not allowed here.`);
    }
    const parsed = tool.parseInput(call.input);
    if (!parsed.ok) {
      const message = 'The parameters are not what the tool takes.';
      return toolFailure('invalid_input', message, { errors: parsed.errors });
    }
    return { tool, input: parsed.input };
  }

  private async decide(call: ToolInvocation, caller: ToolCaller): Promise<AdmittedCall | ToolFailure> {
    const verdict = this.inspect(call, caller);
    if (isFailure(verdict)) return verdict;
    const { tool } = verdict;
    return (
      this.refusalByTaint(verdict, caller) ??
      (await this.refusalWithoutYes(verdict, call, caller)) ??
      (await this.refusalByQuota(tool, caller)) ??
      verdict
    );
  }

  /** The tool's own rule, or what the run has read. */
  private needsYes({ tool, input }: AdmittedCall, { exposure }: ToolCaller): boolean {
    const demand = this.taint.demandOf(tool, input, exposure).kind;
    return demand === 'approval' || (demand === 'none' && this.policy.needsApproval(tool));
  }

  private refusalByTaint({ tool, input }: AdmittedCall, { exposure }: ToolCaller): ToolFailure | undefined {
    const demand = this.taint.demandOf(tool, input, exposure);
    return demand.kind === 'refusal'
      ? toolFailure('forbidden', demand.message, { code: demand.code })
      : undefined;
  }

  private async refusalWithoutYes(
    admitted: AdmittedCall,
    call: ToolInvocation,
    caller: ToolCaller,
  ): Promise<ToolFailure | undefined> {
    const { principal, approval } = caller;
    const { tool } = admitted;
    if (!approval || !this.needsYes(admitted, caller)) return undefined;
    const answer = await approval(callHash(principal.userId, tool.name, call.input));
    switch (answer.decision) {
      case 'approved':
        return undefined;
      case 'denied': {
        const why = answer.reason === null ? '' : ` Their reason: ${answer.reason}`;
        return toolFailure('approval_denied', `The user has refused this call. Do not make it again.${why}`);
      }
      case 'expired':
        return toolFailure(
          'approval_expired',
          'Nobody has agreed to this call in time, so it was not executed.',
        );
      case 'none':
        return toolFailure(
          'approval_required',
          'This call needs the user’s agreement, which it does not have.',
        );
    }
  }

  private async refusalByQuota(tool: Tool, { principal }: ToolCaller): Promise<ToolFailure | undefined> {
    const limit = this.policy.callsPerMinuteOf(tool);
    if (limit === undefined) return undefined;
    const key = `tool:${tool.name}:${principal.userId}`;
    const { isBlocked, timeToBlockExpire } = await this.windows.increment(key, MINUTE_MS, limit);
    if (!isBlocked) return undefined;
    const message = `The tool ${tool.name} may be called ${limit} times a minute, and was.`;
    return toolFailure('rate_limited', message, { retryAfterMs: Math.ceil(timeToBlockExpire * 1000) });
  }

  private async record(
    tool: Tool | undefined,
    call: ToolInvocation,
    { principal, runId, requestId, approval, exposure }: ToolCaller,
    decision: string,
    needsYes = false,
  ): Promise<void> {
    // A name that the model made up would be an unbounded label.
    this.metrics.decided(tool?.name ?? 'unknown', decision);
    const isAllowed = decision === 'allowed';
    await this.trail.record({
      ...actorOf(principal),
      action: isAllowed
        ? 'tool.allowed'
        : decision === 'approval_requested'
          ? 'tool.approval_requested'
          : 'tool.refused',
      targetType: runId === undefined ? 'tool_call' : 'run',
      targetId: runId ?? call.toolCallId,
      outcome: isAllowed || decision === 'approval_requested' ? 'ok' : 'refused',
      requestId,
      details: {
        // A name that the model made up may say anything.
        tool_name: tool?.name ?? 'unknown',
        tool_call_id: call.toolCallId.slice(0, MAX_CALL_ID_LENGTH),
        ...(tool ? { side_effect: tool.sideEffect } : {}),
        // Not the arguments: the trail outlives what its users may have erased.
        call_hash: callHash(principal.userId, call.toolName, call.input),
        ...(exposure?.hasUntrusted ? { untrusted: true, private: exposure.hasPrivate } : {}),
        ...(needsYes ? { approved_by: approval ? 'user' : 'caller' } : {}),
        ...(isAllowed || decision === 'approval_requested' ? {} : { reason: decision }),
      },
    });
  }
}

export function isFailure(verdict: AdmittedCall | ToolFailure): verdict is ToolFailure {
  return 'status' in verdict;
}
