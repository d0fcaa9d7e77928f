import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig, ProvidersConfig, ToolsConfig } from '../../config/app-config.js';
import type { Principal } from '../../shared/context/principal.js';
import { type AppError, validationFailed } from '../../shared/errors/app-error.js';
import type { UserPart } from '../../shared/llm/content-part.js';
import type { UserMessage } from '../../shared/llm/message.js';
import type { ToolDefinition } from '../../shared/llm/tool-call.js';
import { UserMemory } from '../conversation/index.js';
import { MODEL_CLIENT, type ModelClient, type ModelInfo } from '../providers/index.js';
import { type QuotaAmount, QuotaLimitsPolicy } from '../rate-limit/index.js';
import { type Agent, AgentDefinitions } from './agent-definitions.js';
import { AgentTools } from './agent-tools.js';
import type { ContextReport } from './context/context-report.js';
import type { AnswerCacheUse } from './answer-cache/answer-place.js';
import { ContextBuilder } from './context/context-builder.js';
import { DEFAULT_CONTEXT_WINDOW } from './context/count-messages.js';
import { quote } from './context/quote.js';
import { UNTRUSTED_NOTE } from './taint/present-untrusted.js';
import { RunExposure } from './taint/run-exposure.js';
import { OutputGuard } from './guardrails/output-guard.js';
import type { JournalledStep } from './loop/run-journal.js';
import type { RunRequest } from './loop/run-loop.js';
import { ActivePrompts } from './prompts/active-prompts.js';
import type { RenderedPrompt, RunPrompt } from './prompts/prompt.js';
import type { ClaimedRun, RunSettings } from './run.js';

/** A run's settings with nothing left open: agent, model and tools are there and may be used. */
export interface PreparedRun {
  readonly agent: Agent;
  readonly model: ModelInfo;
  readonly tools: readonly ToolDefinition[];
  readonly system: string;
  /** What the application sent along for this request: told to the model with the message, not kept. */
  readonly data: readonly UserPart[];
  /** What `system` is made of; `null`: the agent's instructions. */
  readonly prompt: RunPrompt | null;
  /** See RunSettings. */
  readonly isFlagged: boolean;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly answerCache: AnswerCacheUse | undefined;
  /** The model is told what is remembered about the user. */
  readonly hasMemory: boolean;
}

/** What the loop works on, and what surrounds it. */
export interface PreparedRequest extends RunRequest {
  /** How its first call may be answered without a model. */
  readonly answerCache: AnswerCacheUse | undefined;
  /** What the model is shown of the past. */
  readonly report: () => ContextReport;
  /** What decides which of its calls need a person. */
  readonly exposure: RunExposure;
}

/** Turns what a caller asked for into what the loop works on; at admission, and again for a new owner. */
@Injectable()
export class RunPreparer {
  constructor(
    private readonly agents: AgentDefinitions,
    private readonly agentTools: AgentTools,
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    private readonly contexts: ContextBuilder,
    private readonly prompts: ActivePrompts,
    private readonly memory: UserMemory,
    private readonly guard: OutputGuard,
    private readonly config: AgentConfig,
    private readonly providers: ProvidersConfig,
    private readonly policy: QuotaLimitsPolicy,
    private readonly toolsConfig: ToolsConfig,
  ) {}

  /**
   * Throws `validation_failed` (unknown agent, model or tool) or `tool_forbidden`. `recorded`: what a run that has begun
   * goes on with; left out: what is active now.
   */
  prepare(principal: Principal, settings: RunSettings, recorded?: RenderedPrompt | null): PreparedRun {
    const agent = this.agentOf(settings);
    const prompt = recorded === undefined ? this.prompts.forAgent(agent, principal.userId) : recorded;
    const model = this.modelFor(agent, settings);
    const tools = this.agentTools.definitionsFor(principal, agent, settings.tools);
    const instructions = prompt?.text ?? agent.instructions;
    const system = tools.length === 0 ? instructions : `${instructions}\n\n${UNTRUSTED_NOTE}`;
    return {
      agent,
      model,
      tools,
      system,
      prompt: prompt && { name: prompt.name, version: prompt.version },
      data: settings.context ? [quote(DATA, settings.context)] : [],
      maxOutputTokens: Math.min(
        settings.maxTokens ?? Math.min(agent.maxTokens, this.mostPerCall(principal, model)),
        model.maxOutputTokens ?? Infinity,
        // Whatever is asked for, the other half is for what the model reads.
        Math.ceil((model.contextWindow ?? DEFAULT_CONTEXT_WINDOW) / 2),
      ),
      isFlagged: settings.isFlagged ?? false,
      temperature: settings.temperature ?? agent.temperature,
      answerCache: agent.answerCache && {
        ...agent.answerCache,
        agent: agent.name,
        prompt: prompt && { name: prompt.name, version: prompt.version },
        userId: principal.userId,
        isPersonal: settings.context !== undefined,
        instructions: system,
        system,
      },
      hasMemory: this.memory.isOnFor(principal),
    };
  }

  /** `prepare` for a run that was admitted before, here or elsewhere, with what it was admitted with. */
  async prepareAgain(
    principal: Principal,
    { request, prompt }: Pick<ClaimedRun, 'request' | 'prompt'>,
  ): Promise<PreparedRun> {
    const recorded = prompt && (await this.prompts.recorded(this.agentOf(request), prompt));
    return this.prepare(principal, request, recorded);
  }

  /** The most that the first model call of such a run may use, without the history: the quota guard holds it. */
  demandOf(principal: Principal, settings: RunSettings, message: string): QuotaAmount {
    const { model, tools, data, maxOutputTokens, ...prepared } = this.prepare(principal, settings);
    // Every conversation's canary is as long.
    const system = this.guard.withCanary(prepared.system, '');
    const parts = [{ type: 'text' as const, text: message }, ...data];
    const messages = [{ role: 'user' as const, parts }];
    return this.models.mostOf({ model, system, tools, messages, maxOutputTokens });
  }

  /**
   * Who did not ask for so much shall not be refused for it: an answer may take half of a minute's tokens, and half of a
   * budget; the rest is left for the prompt.
   */
  private mostPerCall(principal: Principal, { price }: ModelInfo): number {
    const { tokensPerMinute, dailyCost, monthlyCost, installationDailyCost } = this.policy.of(principal);
    const budgets = [dailyCost, monthlyCost, installationDailyCost, this.policy.costPerRun].flatMap(
      (budget) =>
        budget === undefined || !price || price.output === 0n ? [] : [Number(budget / price.output)],
    );
    return Math.max(1, Math.floor(Math.min(tokensPerMinute, ...budgets) / 2));
  }

  /** Reads the history. */
  async toRequest(
    prepared: PreparedRun,
    place: { userId: string; sessionId: string; messageSeq: number; current: UserMessage },
    journalled: readonly JournalledStep[] = [],
  ): Promise<PreparedRequest> {
    const { agent, model, tools, data, maxOutputTokens, temperature, hasMemory } = prepared;
    const system = this.guard.withCanary(prepared.system, place.sessionId);
    const { messages, window, report, hasUntrusted, hasPrivate } = await this.contexts.build({
      ...place,
      hasMemory,
      current: { role: 'user', parts: [...place.current.parts, ...data] },
      model,
      system,
      tools,
      maxOutputTokens,
    });
    const exposure = new RunExposure({
      hasUntrusted: hasUntrusted || prepared.isFlagged,
      hasPrivate,
      system,
      messages,
      trustedHosts: this.toolsConfig.trustedHosts,
    });
    for (const step of journalled) if (step.areResultsCommitted) exposure.add([...step.results.values()]);
    return {
      model,
      system,
      messages,
      exposure,
      fit: (all, offered) => window.fit(all, offered),
      report,
      cacheKey: this.config.isPromptCachingEnabled ? cacheKeyOf(place.sessionId) : undefined,
      journalled,
      tools,
      maxOutputTokens,
      temperature,
      limits: { ...this.config, maxSteps: agent.maxSteps },
      answerCache: prepared.answerCache && {
        ...prepared.answerCache,
        isPersonal: prepared.answerCache.isPersonal || report().memories > 0,
        system,
      },
    };
  }

  private agentOf(settings: RunSettings): Agent {
    const agent = this.agents.find(settings.agent);
    if (agent) return agent;
    throw validationFailed([{ pointer: '/agent', detail: 'is not an agent of this installation' }]);
  }

  private modelFor(agent: Agent, settings: RunSettings): ModelInfo {
    const model = this.models.find(settings.model ?? agent.model);
    if (!model) throw invalidModel('is not a model of this installation (see GET /models)');
    if (!model.price && !this.providers.allowUnpricedModels)
      throw invalidModel('has no known price, which is refused here');
    return model;
  }
}

function invalidModel(detail: string): AppError {
  return validationFailed([{ pointer: '/model', detail }]);
}

const DATA = 'Data that the application supplied for this request';

/** Stands for the conversation at the vendor, where its id has no business. */
function cacheKeyOf(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex').slice(0, 32);
}
