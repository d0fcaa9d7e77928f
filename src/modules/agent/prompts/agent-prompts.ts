import { Injectable } from '@nestjs/common';
import { AgentDefinitions, type Agent } from '../agent-definitions.js';
import type { PromptVersion, RenderedPrompt } from './prompt.js';
import { resolveValues } from './prompt-variables.js';
import { PromptTemplate, TemplateRefused } from './template/prompt-template.js';

/** An agent cannot use a version; what is wrong, for whoever wants it used. */
export class AgentPromptFault extends Error {
  constructor(
    readonly agent: string,
    readonly reasons: readonly string[],
  ) {
    super(`the agent ${agent} would use it, ${reasons.join(', ')}`);
    this.name = 'AgentPromptFault';
  }
}

/** What there is to know of a version to render it. */
export type Renderable = Pick<PromptVersion, 'name' | 'version' | 'variables' | 'template'>;

/** Which prompts agents use, and what those come to with the agents' values. */
@Injectable()
export class AgentPrompts {
  constructor(private readonly agents: AgentDefinitions) {}

  /** The names that matter to this installation. */
  names(): readonly string[] {
    return [...new Set(this.agents.list().map(({ promptName }) => promptName))];
  }

  usersOf(promptName: string): readonly Agent[] {
    return this.agents.list().filter((agent) => agent.promptName === promptName);
  }

  /** The text of a version for one agent. Throws AgentPromptFault. */
  render(agent: Agent, { name, version, variables, template }: Renderable): RenderedPrompt {
    // An agent may have values for other versions too: those are not looked at.
    const { values, faults } = resolveValues(variables, agent.promptVariables);
    if (faults.length > 0) {
      throw new AgentPromptFault(
        agent.name,
        faults.map((fault) =>
          fault.detail === 'is required'
            ? `and has no value for its variable "${fault.name}"`
            : `and its value for the variable "${fault.name}" cannot be used`,
        ),
      );
    }
    try {
      return { name, version, text: PromptTemplate.read(template).render(values) };
    } catch (error) {
      if (!(error instanceof TemplateRefused)) throw error;
      throw new AgentPromptFault(agent.name, [`and with its values it ${error.message}`]);
    }
  }

  /** Why the agents of this installation could not use a version; empty: they all can. */
  faultsOf(version: Renderable): string[] {
    return this.usersOf(version.name).flatMap((agent) => {
      try {
        this.render(agent, version);
        return [];
      } catch (error) {
        if (error instanceof AgentPromptFault) return [error.message];
        throw error;
      }
    });
  }
}
