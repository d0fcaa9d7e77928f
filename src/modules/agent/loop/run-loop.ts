import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { Message } from '../../../shared/llm/message.js';
import type { StopReason } from '../../../shared/llm/stop-reason.js';
import type { ToolCall, ToolDefinition, ToolResult } from '../../../shared/llm/tool-call.js';
import type { Clock } from '../../../shared/context/clock.js';
import type { Ids } from '../../../shared/context/ids.js';
import type { ModelClient, ModelInfo, ModelRequest } from '../../providers/index.js';
import { callModel, type ModelReply } from './call-model.js';
import { type ExecuteTool, executeToolCalls, refusal } from './execute-tool-calls.js';
import type { StepEvent } from './run-events.js';
import type { ModelCallRecord, RunJournal } from './run-journal.js';
import { type LoopLimits, StopConditions } from './stop-conditions.js';

/*
 * The agent loop: model call → tool calls → model call …, until the model has nothing more to ask for or a limit ends
 * it. It knows no framework, no database and no vendor; whatever it needs from outside is handed in, and everything it
 * does is an event. What holds here, each with a test:
 *
 * - every tool call gets exactly one tool result, in the order of the calls;
 * - no tool is dispatched before the journal has its intent;
 * - usage is counted once per model call, before anything else can fail;
 * - there is always a step limit;
 * - one AbortSignal reaches the provider and the tools; after it nothing is started.
 */

export interface RunRequest {
  readonly model: ModelInfo;
  /** The system prompt. */
  readonly system: string;
  /** A valid history that ends with the user's message. */
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  readonly maxOutputTokens: number;
  readonly temperature: number | undefined;
  readonly limits: LoopLimits;
}

export interface LoopCollaborators {
  readonly models: ModelClient;
  readonly executeTool: ExecuteTool;
  readonly journal: RunJournal;
  /** Told of every model call as soon as it has ended, good or broken. */
  readonly onModelCall: (call: ModelCallRecord) => void;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** How the loop ended. */
export interface LoopEnd {
  readonly stopReason: StopReason;
  readonly finishReason: FinishReason;
  /** The id of the model that served the last call: the one asked for, or a fallback. */
  readonly model: string;
  /** The last assistant message that was stored. */
  readonly messageId: string | null;
  readonly content: string;
  /** Set for `error`: what broke. For `cancelled` and `timeout` the abort reason. */
  readonly error?: unknown;
}

/** Thrown as the reason of the run's AbortSignal: says which stop reason the run ends with. */
export class RunAborted extends Error {
  constructor(
    readonly stopReason: 'cancelled' | 'timeout' | 'error',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RunAborted';
  }
}

export async function* runLoop(
  run: RunRequest,
  { models, executeTool, journal, onModelCall, clock, ids }: LoopCollaborators,
  signal: AbortSignal,
): AsyncGenerator<StepEvent, LoopEnd> {
  const conditions = new StopConditions(run.limits);
  const messages: Message[] = [...run.messages];
  let seq = 0;
  let last: Pick<LoopEnd, 'messageId' | 'content'> = { messageId: null, content: '' };
  let model = run.model.id;

  for (let step = 1; ; step += 1) {
    if (signal.aborted) return { ...last, ...endOfAbort(signal.reason), finishReason: 'error', model };
    yield { type: 'step-start', step };

    const startedAt = clock.now();
    const reply = yield* callModel(models, toModelRequest(run, messages), step, signal);
    model = reply.model.id;
    if (reply.modelCall) onModelCall(reply.modelCall);

    const next =
      reply.error === undefined
        ? conditions.afterModelCall(step, reply.finishReason, reply.calls)
        : undefined;
    const messageId = ids.next();
    const modelSeq = (seq += 1);
    const intents = reply.calls.map((call) => ({ seq: (seq += 1), call }));
    await journal.commitModelStep({
      seq: modelSeq,
      step,
      message: reply.parts.length > 0 ? { role: 'assistant', parts: reply.parts } : undefined,
      messageId,
      isComplete: reply.error === undefined,
      finishReason: reply.finishReason,
      rawFinishReason: reply.rawFinishReason,
      modelCall: reply.modelCall,
      intents,
      startedAt,
    });
    if (reply.parts.length > 0) {
      messages.push({ role: 'assistant', parts: reply.parts });
      last = { messageId, content: visibleText(reply) };
    }

    if (!next) {
      yield stepEnd(step, reply);
      return { ...last, ...endOfBrokenCall(reply.error, signal), finishReason: 'error', model };
    }

    let results: ToolResult[] = [];
    if (intents.length > 0) {
      if (next.kind === 'execute-tools') {
        results = yield* executeToolCalls(intents, step, executeTool, journal, run.limits);
      } else {
        results = reply.calls.map((call) => notExecuted(call, next.reason));
        for (const result of results) yield { type: 'tool-result', step, result };
      }
      await journal.commitToolResults(
        intents.map((intent, index) => ({ seq: intent.seq, result: results[index]! })),
        ids.next(),
      );
      messages.push({ role: 'tool', parts: results.map((result) => ({ type: 'tool-result', ...result })) });
    }
    yield stepEnd(step, reply);

    const stopReason = next.kind === 'stop' ? next.reason : conditions.afterTools(results);
    if (stopReason) return { ...last, stopReason, finishReason: reply.finishReason, model };
  }
}

function toModelRequest(run: RunRequest, messages: readonly Message[]): ModelRequest {
  const { model, system, tools, maxOutputTokens, temperature } = run;
  // A copy: the provider may still be reading the last request while the next message is appended.
  return {
    model,
    system,
    messages: [...messages],
    tools,
    maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
  };
}

function stepEnd(step: number, reply: ModelReply): StepEvent {
  return {
    type: 'step-end',
    step,
    finishReason: reply.finishReason,
    usage: reply.usage,
    cost: reply.modelCall?.cost,
  };
}

function visibleText(reply: ModelReply): string {
  return reply.parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '');
}

function notExecuted(call: ToolCall, reason: StopReason): ToolResult {
  return refusal(call, 'not_executed', `The run ended (${reason}) before this call was executed.`);
}

function endOfAbort(reason: unknown): Pick<LoopEnd, 'stopReason' | 'error'> {
  return { stopReason: reason instanceof RunAborted ? reason.stopReason : 'cancelled', error: reason };
}

/** A call that broke because the run was aborted ends as that says; any other is an error. */
function endOfBrokenCall(error: unknown, signal: AbortSignal): Pick<LoopEnd, 'stopReason' | 'error'> {
  return signal.aborted ? endOfAbort(signal.reason) : { stopReason: 'error', error };
}
