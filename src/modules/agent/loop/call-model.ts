import type { AssistantPart } from '../../../shared/llm/content-part.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import { NO_USAGE, type Usage } from '../../../shared/llm/usage.js';
import type { ModelClient, ModelInfo, ModelRequest } from '../../providers/index.js';
import type { StepEvent } from './run-events.js';
import type { ModelCallRecord } from './run-journal.js';

/** What one model call came to. A call that broke off has `error` and whatever had arrived. */
export interface ModelReply {
  readonly parts: readonly AssistantPart[];
  readonly calls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  readonly rawFinishReason: string | undefined;
  /** The model that served the call. */
  readonly model: ModelInfo;
  readonly usage: Usage;
  /** `undefined`: the provider never accepted the call, or was not asked, so nothing is owed. */
  readonly modelCall: ModelCallRecord | undefined;
  /** True: an answer of before was given again, and nothing is owed. */
  readonly isCached: boolean;
  /** Set when the stream broke: a ProviderError, or the abort reason of the run. */
  readonly error: unknown;
}

/**
 * One model call: streams its parts out as events and returns the whole. It never throws for what the provider or the
 * caller does, because what was used must be counted in every case.
 */
export async function* callModel(
  models: ModelClient,
  request: ModelRequest,
  step: number,
  signal: AbortSignal,
): AsyncGenerator<StepEvent, ModelReply> {
  const reply = new ReplyBuilder(request.model);
  let error: unknown;
  try {
    for await (const event of models.stream(request, signal)) {
      switch (event.type) {
        case 'model':
          reply.servedBy(event.model, event.isCached);
          break;
        case 'start':
          reply.accepted(event.usage);
          break;
        case 'text-delta':
          reply.addText(event.delta);
          yield { type: 'text-delta', step, delta: event.delta };
          break;
        case 'reasoning-delta':
          reply.addReasoning(event.delta);
          yield { type: 'reasoning-delta', step, delta: event.delta };
          break;
        case 'reasoning':
          reply.closeReasoning(event.part);
          break;
        case 'tool-call':
          yield { type: 'tool-call', step, call: reply.addCall(event.call) };
          break;
        case 'finish':
          reply.finish(event.finishReason, event.rawFinishReason, event.usage);
          break;
      }
    }
  } catch (caught) {
    error = caught ?? new Error('the model stream was aborted');
  }
  return reply.build(models, request, error);
}

/** Collects the parts of an answer in the order in which they came. */
class ReplyBuilder {
  private readonly parts: AssistantPart[] = [];
  private readonly callIds = new Set<string>();
  private text = '';
  private reasoning = '';
  private isAccepted = false;
  private isCached = false;
  private earlyUsage: Usage | undefined;
  private finalUsage: Usage | undefined;
  private finishReason: FinishReason | undefined;
  private rawFinishReason: string | undefined;

  constructor(private model: ModelInfo) {}

  servedBy(model: ModelInfo, isCached = false): void {
    this.model = model;
    this.isCached = isCached;
    this.isAccepted = false;
    this.earlyUsage = undefined;
  }

  accepted(usage: Usage | undefined): void {
    this.isAccepted = true;
    this.earlyUsage = usage;
  }

  addText(delta: string): void {
    this.flushReasoning();
    this.text += delta;
  }

  addReasoning(delta: string): void {
    this.flushText();
    this.reasoning += delta;
  }

  closeReasoning(part: AssistantPart): void {
    this.flushText();
    this.reasoning = '';
    this.parts.push(part);
  }

  /** Some servers give no id, or one id to several calls; results could not be matched then. */
  addCall(call: ToolCall): ToolCall {
    this.flushText();
    this.flushReasoning();
    const isTaken = this.callIds.has(call.toolCallId) || call.toolCallId === '';
    const unique = isTaken
      ? { ...call, toolCallId: `${call.toolCallId || 'call'}_${this.callIds.size + 1}` }
      : call;
    this.callIds.add(unique.toolCallId);
    this.parts.push({ type: 'tool-call', ...unique });
    return unique;
  }

  finish(reason: FinishReason, raw: string | undefined, usage: Usage | undefined): void {
    this.finishReason = reason;
    this.rawFinishReason = raw;
    this.finalUsage = usage;
  }

  build(models: ModelClient, request: ModelRequest, error: unknown): ModelReply {
    this.flushText();
    this.flushReasoning();
    const hasAnswered = this.isAccepted || this.parts.length > 0 || this.finishReason !== undefined;
    const isOwed = hasAnswered && !this.isCached;
    const usage = isOwed ? this.usage(models, request) : NO_USAGE;
    // Calls of a broken answer are not executed: what is missing may have been a part of them.
    const parts = error === undefined ? this.parts : this.parts.filter((part) => part.type !== 'tool-call');
    const calls: ToolCall[] = [];
    for (const part of parts) if (part.type === 'tool-call') calls.push(part);
    return {
      parts,
      calls,
      finishReason: error === undefined ? (this.finishReason ?? 'other') : 'error',
      rawFinishReason: this.rawFinishReason,
      model: this.model,
      usage,
      isCached: this.isCached,
      modelCall: isOwed
        ? {
            provider: this.model.provider,
            model: this.model.id,
            usage,
            cost: models.costOf(this.model, usage),
            ...(this.model.priceVersion === undefined ? {} : { priceVersion: this.model.priceVersion }),
          }
        : undefined,
      error,
    };
  }

  /** The vendor's figures, unless they say that an answer which is there took no tokens. */
  private usage(models: ModelClient, request: ModelRequest): Usage {
    const reported = this.finalUsage;
    if (!reported) return this.estimate(models, request);
    if (reported.outputTokens.total > 0 || this.parts.length === 0) return reported;
    const { outputTokens, source } = this.estimate(models, request);
    return { ...reported, outputTokens, source };
  }

  /** Our own count; where the vendor told its count of the prompt early, that figure stands. */
  private estimate(models: ModelClient, request: ModelRequest): Usage {
    let output = '';
    for (const part of this.parts) {
      output +=
        part.type === 'tool-call'
          ? part.toolName + (part.invalidInput ?? JSON.stringify(part.input))
          : part.text;
    }
    const estimated = models.estimateUsage({ ...request, model: this.model }, output);
    return this.earlyUsage ? { ...estimated, inputTokens: this.earlyUsage.inputTokens } : estimated;
  }

  private flushText(): void {
    if (this.text === '') return;
    this.parts.push({ type: 'text', text: this.text });
    this.text = '';
  }

  private flushReasoning(): void {
    if (this.reasoning === '') return;
    // The provider gave no proof of origin, so it is for reading only and is never sent back.
    this.parts.push({ type: 'reasoning', text: this.reasoning });
    this.reasoning = '';
  }
}
