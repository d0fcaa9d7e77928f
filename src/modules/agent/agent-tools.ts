import { Injectable } from '@nestjs/common';
import { AgentConfig } from '../../config/app-config.js';
import type { Principal } from '../../shared/context/principal.js';
import { validationFailed } from '../../shared/errors/app-error.js';
import type { ToolDefinition } from '../../shared/llm/tool-call.js';
import { type Tool, ToolPolicy, ToolRegistry } from '../tools/index.js';
import type { Agent } from './agent-definitions.js';
import { toolForbidden } from './agent.errors.js';

/** Which tools there are for whom. The executor checks again at every call: this only decides what is offered. */
@Injectable()
export class AgentTools {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly policy: ToolPolicy,
    private readonly config: AgentConfig,
  ) {}

  /** All that a caller may use, in a stable order. Empty when AI_ENABLE_TOOLS is off. */
  usableBy(principal: Principal): readonly Tool[] {
    if (!this.config.areToolsEnabled) return [];
    return this.registry.list().filter((tool) => this.policy.mayUse(tool, principal));
  }

  /** Those of a run's tools that its user may use by now: a run is offered no more than at its start, but it may be less. */
  stillUsable(principal: Principal, offered: readonly ToolDefinition[]): readonly ToolDefinition[] {
    const usable = new Set(this.usableBy(principal).map((tool) => tool.name));
    return offered.every(({ name }) => usable.has(name))
      ? offered
      : offered.filter(({ name }) => usable.has(name));
  }

  /**
   * What a run offers to the model. `requested` narrows the agent's tools: a name that is no tool is invalid, one that
   * the agent does not have or the caller may not use is `tool_forbidden`.
   */
  definitionsFor(
    principal: Principal,
    agent: Agent,
    requested: readonly string[] | false | undefined,
  ): readonly ToolDefinition[] {
    if (requested === false) return [];
    const offered = this.usableBy(principal).filter((tool) => agent.tools?.has(tool.name) ?? true);
    if (requested === undefined) return offered.map(toDefinition);
    const byName = new Map(offered.map((tool) => [tool.name, tool]));
    requested.forEach((name, index) => {
      if (byName.has(name)) return;
      if (this.registry.get(name)) throw toolForbidden(name);
      throw validationFailed([{ pointer: `/tools/${index}`, detail: 'is not a tool of this installation' }]);
    });
    const names = new Set(requested);
    return offered.filter((tool) => names.has(tool.name)).map(toDefinition);
  }
}

function toDefinition({ name, description, inputSchema }: Tool): ToolDefinition {
  return { name, description, inputSchema };
}
