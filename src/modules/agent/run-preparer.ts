import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig, ProvidersConfig, RateLimitConfig } from '../../config/app-config.js';
import type { Principal } from '../../shared/context/principal.js';
import { type AppError, validationFailed } from '../../shared/errors/app-error.js';
import type { UserPart } from '../../shared/llm/content-part.js';
import type { UserMessage } from '../../shared/llm/message.js';
import type { ToolDefinition } from '../../shared/llm/tool-call.js';
import { MODEL_CLIENT, type ModelClient, type ModelInfo } from '../providers/index.js';
import { type QuotaAmount, QuotaLimitsPolicy } from '../rate-limit/index.js';
import { type Agent, AgentDefinitions } from './agent-definitions.js';
import { AgentTools } from './agent-tools.js';
import type { ContextReport } from './context/context-report.js';
import { ContextBuilder } from './context/context-builder.js';
import { DEFAULT_CONTEXT_WINDOW } from './context/count-messages.js';
import { quote } from './context/quote.js';
import { OutputGuard } from './guardrails/output-guard.js';
import type { JournalledStep } from './loop/run-journal.js';
import type { RunRequest } from './loop/run-loop.js';
import type { RunSettings } from './run.js';

/** A run's settings with nothing left open: agent, model and tools are there and may be used. */
export interface PreparedRun {
  readonly agent: Agent;
  readonly model: ModelInfo;
  readonly tools: readonly ToolDefinition[];
  readonly system: string;
  /** What the application sent along for this request: told to the model with the message, not kept. */
  readonly data: readonly UserPart[];
  readonly maxOutputTokens: number;
  readonly temperature: number;
}

/** What the loop works on, and what the model is shown of the past. */
export interface ReportedRunRequest extends RunRequest {
  readonly report: () => ContextReport;
}

/** Turns what a caller asked for into what the loop works on; at admission, and again for a new owner. */
@Injectable()
export class RunPreparer {
  constructor(
    private readonly agents: AgentDefinitions,
    private readonly agentTools: AgentTools,
    @Inject(MODEL_CLIENT) private readonly models: ModelClient,
    private readonly contexts: ContextBuilder,
    private readonly guard: OutputGuard,
    private readonly config: AgentConfig,
    private readonly providers: ProvidersConfig,
    private readonly policy: QuotaLimitsPolicy,
    private readonly limits: RateLimitConfig,
  ) {}

  /** Throws `validation_failed` (unknown agent, model or tool) or `tool_forbidden`. */
  prepare(principal: Principal, settings: RunSettings): PreparedRun {
    const agent = this.agents.find(settings.agent);
    if (!agent)
      throw validationFailed([{ pointer: '/agent', detail: 'is not an agent of this installation' }]);
    const model = this.modelFor(agent, settings);
    return {
      agent,
      model,
      tools: this.agentTools.definitionsFor(principal, agent, settings.tools),
      system: agent.instructions,
      data: settings.context ? [quote(DATA, settings.context)] : [],
      maxOutputTokens: Math.min(
        settings.maxTokens ?? Math.min(agent.maxTokens, this.mostPerCall(principal, model)),
        model.maxOutputTokens ?? Infinity,
        // Whatever is asked for, the other half is for what the model reads.
        Math.ceil((model.contextWindow ?? DEFAULT_CONTEXT_WINDOW) / 2),
      ),
      temperature: settings.temperature ?? agent.temperature,
    };
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
    const { tokensPerMinute, dailyCost, monthlyCost } = this.policy.of(principal);
    const budgets = [dailyCost, monthlyCost, this.limits.maxCostPerRun].flatMap((budget) =>
      budget === undefined || !price || price.output === 0n ? [] : [Number(budget / price.output)],
    );
    return Math.max(1, Math.floor(Math.min(tokensPerMinute, ...budgets) / 2));
  }

  /** Reads the history. */
  async toRequest(
    prepared: PreparedRun,
    place: { userId: string; sessionId: string; messageSeq: number; current: UserMessage },
    journalled: readonly JournalledStep[] = [],
  ): Promise<ReportedRunRequest> {
    const { agent, model, tools, data, maxOutputTokens, temperature } = prepared;
    const system = this.guard.withCanary(prepared.system, place.sessionId);
    const { messages, window, report } = await this.contexts.build({
      ...place,
      current: { role: 'user', parts: [...place.current.parts, ...data] },
      model,
      system,
      tools,
      maxOutputTokens,
    });
    return {
      model,
      system,
      messages,
      fit: (all, offered) => window.fit(all, offered),
      report,
      cacheKey: this.config.isPromptCachingEnabled ? cacheKeyOf(place.sessionId) : undefined,
      journalled,
      tools,
      maxOutputTokens,
      temperature,
      limits: { ...this.config, maxSteps: agent.maxSteps },
    };
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
