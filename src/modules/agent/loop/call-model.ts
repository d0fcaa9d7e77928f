import type { AssistantPart, ReasoningPart } from '../../../shared/llm/content-part.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import { NO_USAGE, type Usage } from '../../../shared/llm/usage.js';
import type { ModelClient, ModelInfo, ModelRequest } from '../../providers/index.js';
import type { OutputScreen } from './output-screen.js';
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
 * caller does, because what was used must be counted in every case. What is shown and kept has passed `output`; what was
 * used is counted as the model said it.
 */
export async function* callModel(
  models: ModelClient,
  output: OutputScreen,
  request: ModelRequest,
  step: number,
  signal: AbortSignal,
): AsyncGenerator<StepEvent, ModelReply> {
  const reply = new ReplyBuilder(request.model);
  const text = output.filter();
  let reasoning = output.filter();
  let error: unknown;

  function* say(delta: string): Generator<StepEvent> {
    if (delta !== '') yield { type: 'text-delta', step, delta: reply.addText(delta) };
  }
  function* think(delta: string): Generator<StepEvent> {
    if (delta !== '') yield { type: 'reasoning-delta', step, delta: reply.addReasoning(delta) };
  }
  /** What was kept back of a thought goes out before anything else does. */
  function* endThought(part?: ReasoningPart): Generator<StepEvent> {
    if (!reply.isThinking) return;
    yield* think(reasoning.end());
    if (!reasoning.tripped) reasoning = output.filter();
    reply.endThought(part);
  }

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
          yield* endThought();
          reply.hears(event.delta);
          yield* say(text.push(event.delta));
          break;
        case 'reasoning-delta':
          reply.hearsThought(event.delta);
          yield* think(reasoning.push(event.delta));
          break;
        case 'reasoning':
          // Some vendors tell a thought only when it is over.
          if (!reply.isThinking) {
            reply.hearsThought(event.part.text);
            yield* think(reasoning.push(event.part.text));
          }
          yield* endThought(event.part);
          break;
        case 'tool-call':
          yield* endThought();
          yield { type: 'tool-call', step, call: reply.addCall(output.call(event.call)) };
          break;
        case 'finish':
          reply.finish(event.finishReason, event.rawFinishReason, event.usage);
          break;
      }
      // Leaving the stream closes the vendor's socket.
      if (text.tripped ?? reasoning.tripped) break;
    }
  } catch (caught) {
    error = caught ?? new Error('the model stream was aborted');
  }
  yield* endThought();
  const rest = text.end();
  if (rest !== '') yield { type: 'text-delta', step, delta: reply.addRest(rest) };
  if (text.tripped ?? reasoning.tripped) reply.cut();
  return reply.build(models, request, error);
}

/** Collects the parts of an answer in the order in which they came. */
class ReplyBuilder {
  private readonly parts: AssistantPart[] = [];
  private readonly callIds = new Set<string>();
  private text = '';
  private reasoning = '';
  /** Text and reasoning as the model said them; of the thought that is not over yet. */
  private heard = '';
  private thought: string | undefined;
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

  /** True within a thought. */
  get isThinking(): boolean {
    return this.thought !== undefined;
  }

  hears(delta: string): void {
    this.heard += delta;
  }

  hearsThought(delta: string): void {
    this.heard += delta;
    this.thought = (this.thought ?? '') + delta;
  }

  addText(delta: string): string {
    this.flushReasoning();
    this.text += delta;
    return delta;
  }

  addReasoning(delta: string): string {
    this.flushText();
    this.reasoning += delta;
    return delta;
  }

  /** The last of the text belongs to where the text was, whatever has come since. */
  addRest(rest: string): string {
    const at = this.parts.findLastIndex(({ type }) => type === 'text');
    const part = this.parts[at];
    const call = this.parts.findIndex(({ type }) => type === 'tool-call');
    if (this.text === '' && part?.type === 'text') this.parts[at] = { type: 'text', text: part.text + rest };
    else if (this.text === '' && call >= 0) this.parts.splice(call, 0, { type: 'text', text: rest });
    else this.addText(rest);
    return rest;
  }

  /** `part`: as the vendor wants to see it again; one that was changed here is no longer its own, and for reading only. */
  endThought(part: ReasoningPart | undefined): void {
    this.flushText();
    const isUnchanged = this.reasoning === this.thought;
    this.thought = undefined;
    if (!part || !isUnchanged) return this.flushReasoning();
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

  /** The answer ends before what must not be said. */
  cut(): void {
    this.finishReason = 'content_filter';
    this.rawFinishReason = 'output_filter';
  }

  build(models: ModelClient, request: ModelRequest, error: unknown): ModelReply {
    this.flushText();
    this.flushReasoning();
    const hasAnswered = this.isAccepted || this.hasOutput || this.finishReason !== undefined;
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

  private get hasOutput(): boolean {
    return this.parts.length > 0 || this.heard !== '';
  }

  /** The vendor's figures, unless they say that an answer which is there took no tokens. */
  private usage(models: ModelClient, request: ModelRequest): Usage {
    const reported = this.finalUsage;
    if (!reported) return this.estimate(models, request);
    if (reported.outputTokens.total > 0 || !this.hasOutput) return reported;
    const { outputTokens, source } = this.estimate(models, request);
    return { ...reported, outputTokens, source };
  }

  /** Our own count; where the vendor told its count of the prompt early, that figure stands. */
  private estimate(models: ModelClient, request: ModelRequest): Usage {
    let output = this.heard;
    for (const part of this.parts) {
      if (part.type === 'tool-call')
        output += part.toolName + (part.invalidInput ?? JSON.stringify(part.input));
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
