import { Injectable } from '@nestjs/common';
import { AgentConfig, ProvidersConfig } from '../../config/app-config.js';
import type { PromptValues } from './prompts/prompt.js';

/** An agent with nothing left open. */
export interface Agent {
  readonly name: string;
  /** The system prompt, as long as there is no prompt of `promptName`. */
  readonly instructions: string;
  readonly promptName: string;
  /** By the names of the prompt's variables. */
  readonly promptVariables: PromptValues;
  /** A model id of the catalogue. */
  readonly model: string;
  /** `undefined`: every tool that the caller may use. */
  readonly tools: ReadonlySet<string> | undefined;
  readonly maxSteps: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly timeoutMs: number;
  /** `undefined`: every question is answered by a model. */
  readonly answerCache: { readonly ttlMs: number; readonly isShared: boolean } | undefined;
}

export const DEFAULT_AGENT = 'default';

const DEFAULT_INSTRUCTIONS =
  'You are a helpful assistant. Answer in the language of the user, briefly and correctly. Use the tools that you are ' +
  'offered when they help: never calculate or guess what a tool can tell you. If a tool fails, say so and go on without it.';

/** The agents that callers may name. `default` is always there; PERCH_AGENTS adds others, or redefines it. */
@Injectable()
export class AgentDefinitions {
  private readonly agents: ReadonlyMap<string, Agent>;

  constructor(agent: AgentConfig, providers: ProvidersConfig) {
    const base: Agent = {
      name: DEFAULT_AGENT,
      instructions: DEFAULT_INSTRUCTIONS,
      promptName: DEFAULT_AGENT,
      promptVariables: {},
      model: providers.defaultModel,
      tools: undefined,
      maxSteps: agent.maxSteps,
      maxTokens: agent.maxTokens,
      temperature: agent.temperature,
      timeoutMs: agent.runTimeoutMs,
      answerCache: undefined,
    };
    const agents = new Map([[base.name, base]]);
    for (const definition of agent.agents) {
      agents.set(definition.name, {
        name: definition.name,
        instructions: definition.instructions ?? base.instructions,
        promptName: definition.prompt ?? definition.name,
        promptVariables: definition.prompt_variables ?? {},
        model: definition.model ?? base.model,
        tools: definition.tools ? new Set(definition.tools) : undefined,
        maxSteps: definition.max_steps ?? base.maxSteps,
        maxTokens: definition.max_tokens ?? base.maxTokens,
        temperature: definition.temperature ?? base.temperature,
        timeoutMs:
          definition.timeout_seconds === undefined ? base.timeoutMs : definition.timeout_seconds * 1000,
        answerCache: definition.answer_cache && {
          ttlMs: definition.answer_cache.ttl_seconds * 1000,
          isShared: definition.answer_cache.shared ?? false,
        },
      });
    }
    this.agents = agents;
  }

  find(name: string = DEFAULT_AGENT): Agent | undefined {
    return this.agents.get(name);
  }

  list(): readonly Agent[] {
    return [...this.agents.values()];
  }
}
