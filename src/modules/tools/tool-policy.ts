import { Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';
import type { ToolRule } from '../../config/tool-rules.schema.js';
import { type Principal, TIERS } from '../../shared/context/principal.js';
import type { ToolResult } from '../../shared/llm/tool-call.js';
import type { Tool } from './tool.js';

const WORST_MARKS = { taint: 'untrusted', isPrivate: true } as const;

/** Who may use which tool, and how. Decided by code after the model, at every call. */
@Injectable()
export class ToolPolicy {
  constructor(private readonly config: ToolsConfig) {}

  /** Whether this caller may use this tool at all. */
  mayUse(tool: Tool, principal: Principal): boolean {
    const { permissions, tier, tools } = principal;
    const rule = this.ruleOf(tool);
    if (tool.isFor?.(principal) === false) return false;
    if (rule.enabled === false || !permissions.has(tool.permission) || tools.denied.has(tool.name))
      return false;
    if (tools.allowed) return tools.allowed.has(tool.name);
    return rule.access !== 'granted' && TIERS.indexOf(tier) >= TIERS.indexOf(rule.min_tier ?? TIERS[0]);
  }

  /** Whether a person must agree to a call. */
  needsApproval(tool: Tool): boolean {
    const whenUnsaid = tool.approval ?? (tool.sideEffect === 'write' ? 'always' : 'never');
    return (this.ruleOf(tool).approval ?? whenUnsaid) === 'always';
  }

  /** What the results of a tool are to be taken for; of one that is not there, the worst. */
  marksOf(tool: Tool | undefined): Pick<ToolResult, 'taint' | 'isPrivate'> {
    if (!tool) return WORST_MARKS;
    const rule = this.ruleOf(tool);
    return {
      ...((rule.returns_untrusted ?? tool.returnsUntrusted) ? { taint: 'untrusted' } : {}),
      ...((rule.returns_private ?? tool.returnsPrivate) ? { isPrivate: true } : {}),
    };
  }

  /** Calls of one user per minute; `undefined`: as many as the run may make. */
  callsPerMinuteOf(tool: Tool): number | undefined {
    return this.ruleOf(tool).calls_per_minute;
  }

  timeoutMsOf(tool: Tool): number {
    const { timeout_seconds: seconds } = this.ruleOf(tool);
    return seconds === undefined ? tool.timeoutMs : seconds * 1000;
  }

  private ruleOf({ name, sideEffect }: Tool): ToolRule {
    const { rules } = this.config;
    return { ...rules[`@${sideEffect}`], ...rules[name] };
  }
}
