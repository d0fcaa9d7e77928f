import type { AssistantPart } from '../../../shared/llm/content-part.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { Message } from '../../../shared/llm/message.js';
import type { StopReason } from '../../../shared/llm/stop-reason.js';
import type { ToolCall, ToolDefinition, ToolResult } from '../../../shared/llm/tool-call.js';
import type { Clock } from '../../../shared/context/clock.js';
import type { Ids } from '../../../shared/context/ids.js';
import type { ModelClient, ModelInfo, ModelRequest } from '../../providers/index.js';
import { callModel } from './call-model.js';
import { type ExecuteTool, executeToolCalls, refusal } from './execute-tool-calls.js';
import type { OutputScreen } from './output-screen.js';
import type { StepEvent } from './run-events.js';
import type {
  ApprovalDemand,
  JournalledStep,
  ModelCallRecord,
  RunJournal,
  ToolIntent,
} from './run-journal.js';
import { type LoopLimits, type NextStep, StopConditions } from './stop-conditions.js';

/*
 * The agent loop: model call → tool calls → model call …, until the model has nothing more to ask for or a limit ends
 * it. It knows no framework, no database and no vendor; whatever it needs from outside is handed in, and everything it
 * does is an event. What holds here, each with a test:
 *
 * - every tool call gets exactly one tool result, in the order of the calls;
 * - no tool is dispatched before the journal has its intent, and none again that may have been dispatched before;
 * - of a step with a call that a person has to agree to, nothing is dispatched before all such calls are decided;
 * - no model is called before what that may use is set aside;
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
  /** What of all messages so far goes into the next request, so that it is valid and fits into the model's window. */
  readonly fit: (messages: readonly Message[], tools: readonly ToolDefinition[]) => readonly Message[];
  /** What the journal has of this run: empty, unless it had another owner before. */
  readonly journalled: readonly JournalledStep[];
  readonly tools: readonly ToolDefinition[];
  readonly maxOutputTokens: number;
  readonly temperature: number | undefined;
  /** Of the vendor's cache; see ModelRequest. */
  readonly cacheKey: string | undefined;
  readonly limits: LoopLimits;
}

export interface LoopCollaborators {
  readonly models: ModelClient;
  /** What the model says goes through it before anything else sees it. */
  readonly output: OutputScreen;
  readonly executeTool: ExecuteTool;
  /** Those of the run's tools that its user still has; asked before every model call but the first. */
  readonly offerTools: () => Promise<readonly ToolDefinition[]>;
  /** Those of a step's calls that a person has to agree to, and until when. */
  readonly approvalsFor: (intents: readonly ToolIntent[]) => Promise<ApprovalDemand>;
  /** Sets aside what a model call may at most use. False: that does not fit into what is left, and the run ends. */
  readonly reserve: (request: ModelRequest) => Promise<boolean>;
  readonly journal: RunJournal;
  /** Told of every model call as soon as it has ended, good or broken. */
  readonly onModelCall: (call: ModelCallRecord) => void;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** The run waits for a person, and is nobody's until then. */
export const SUSPENDED = 'suspended';

/** How the loop ended. */
export interface LoopEnd {
  readonly stopReason: StopReason;
  readonly finishReason: FinishReason;
  /** The id of the model that served the last call: the one asked for, or a fallback. */
  readonly model: string;
  /** The last assistant message that was stored. */
  readonly messageId: string | null;
  readonly content: string;
  /** True: that message is an answer of before, given again. */
  readonly isCached?: boolean;
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
  {
    models,
    output,
    executeTool,
    offerTools,
    approvalsFor,
    reserve,
    journal,
    onModelCall,
    clock,
    ids,
  }: LoopCollaborators,
  signal: AbortSignal,
): AsyncGenerator<StepEvent, LoopEnd | typeof SUSPENDED> {
  const conditions = new StopConditions(run.limits);
  const messages: Message[] = [...run.messages];
  let seq = 0;
  let last: Pick<LoopEnd, 'messageId' | 'content' | 'isCached'> = { messageId: null, content: '' };
  let model = run.model.id;
  let finishReason: FinishReason = 'other';

  /** What follows a good model call: its tools, and whether the loop goes on. */
  async function* finishStep(
    done: CommittedStep,
    known: ReadonlyMap<number, ToolResult>,
    next: NextStep,
  ): AsyncGenerator<StepEvent, StopReason | undefined> {
    const { step, intents } = done;
    let results: readonly ToolResult[] = [];
    if (intents.length > 0) {
      let shown = 0;
      if (next.kind === 'execute-tools') {
        results = yield* executeToolCalls(intents, known, step, executeTool, journal, run.limits);
        shown = results.length - 1;
      } else {
        results = intents.map(({ call }) => notExecuted(call, next.reason));
      }
      await journal.commitToolResults(
        intents.map((intent, index) => ({ seq: intent.seq, result: results[index]! })),
        ids.next(),
        [
          ...results.slice(shown).map((result): StepEvent => ({ type: 'tool-result', step, result })),
          stepEnd(done),
        ],
      );
    }
    return remember(results, next);
  }

  function remember(results: readonly ToolResult[], next: NextStep): StopReason | undefined {
    if (results.length > 0) {
      messages.push({ role: 'tool', parts: results.map((result) => ({ type: 'tool-result', ...result })) });
    }
    return next.kind === 'stop' ? next.reason : conditions.afterTools(results);
  }

  // A run that had another owner before: its journal is read as data, and what is missing of its last step is done.
  for (const done of run.journalled) {
    seq = Math.max(done.seq, ...done.intents.map((intent) => intent.seq));
    model = done.model;
    finishReason = done.finishReason;
    if (done.parts.length > 0) {
      messages.push({ role: 'assistant', parts: done.parts });
      last = { messageId: done.messageId, content: visibleText(done.parts) };
    }
    if (!done.isComplete) {
      return { ...last, ...endOfBrokenCall(new AnswerBrokenOff(), signal), finishReason: 'error', model };
    }
    const calls = done.intents.map(({ call }) => call);
    const next = conditions.afterModelCall(done.step, done.finishReason, calls);
    if (!done.isDispatched) await journal.dispatch(done.intents);
    const stopReason = done.areResultsCommitted
      ? remember(
          done.intents.map((intent) => done.results.get(intent.seq)!),
          next,
        )
      : yield* finishStep(done, done.results, next);
    if (stopReason) return { ...last, stopReason, finishReason: done.finishReason, model };
  }

  for (let step = (run.journalled.at(-1)?.step ?? 0) + 1; ; step += 1) {
    if (signal.aborted) return { ...last, ...endOfAbort(signal.reason), finishReason: 'error', model };
    const request = toModelRequest(run, messages, step === 1 ? run.tools : await offerTools());
    if (!(await reserve(request))) return { ...last, stopReason: 'budget', finishReason, model };
    yield { type: 'step-start', step };

    const startedAt = clock.now();
    const reply = yield* callModel(models, output, request, step, signal);
    model = reply.model.id;
    if (reply.modelCall) onModelCall(reply.modelCall);

    const next =
      reply.error === undefined
        ? conditions.afterModelCall(step, reply.finishReason, reply.calls)
        : undefined;
    const messageId = ids.next();
    const modelSeq = (seq += 1);
    const intents = reply.calls.map((call) => ({ seq: (seq += 1), call }));
    const { usage } = reply;
    finishReason = reply.finishReason;
    const done: CommittedStep = {
      step,
      intents,
      finishReason,
      usage,
      cost: reply.isCached ? 0n : reply.modelCall?.cost,
    };
    const approvals =
      next?.kind === 'execute-tools' ? await approvalsFor(intents) : { intents: [], expiresAt: startedAt };
    const expiresAt = approvals.expiresAt.toISOString();
    const requests = approvals.intents.map(({ call }): StepEvent => ({
      type: 'approval-request',
      step,
      call,
      expiresAt,
    }));
    await journal.commitModelStep(
      {
        seq: modelSeq,
        step,
        message: reply.parts.length > 0 ? { role: 'assistant', parts: reply.parts } : undefined,
        messageId,
        isComplete: reply.error === undefined,
        finishReason,
        rawFinishReason: reply.rawFinishReason,
        modelCall: reply.modelCall,
        intents,
        approvals,
        startedAt,
      },
      intents.length > 0 ? requests : [stepEnd(done)],
    );
    if (requests.length > 0) return SUSPENDED;
    if (reply.parts.length > 0) {
      messages.push({ role: 'assistant', parts: reply.parts });
      last = { messageId, content: visibleText(reply.parts), isCached: reply.isCached };
    }

    if (!next) return { ...last, ...endOfBrokenCall(reply.error, signal), finishReason: 'error', model };
    const stopReason = yield* finishStep(done, NONE_KNOWN, next);
    if (stopReason) return { ...last, stopReason, finishReason, model };
  }
}

/** What is needed of a step once its model call is committed. */
type CommittedStep = Pick<JournalledStep, 'step' | 'intents' | 'finishReason' | 'usage' | 'cost'>;

const NONE_KNOWN: ReadonlyMap<number, ToolResult> = new Map();

/** The answer of an earlier owner broke off, and that owner died before it could close the run. */
export class AnswerBrokenOff extends Error {
  constructor() {
    super('the answer broke off, and so did the process that waited for it');
    this.name = 'AnswerBrokenOff';
  }
}

function toModelRequest(
  run: RunRequest,
  messages: readonly Message[],
  tools: readonly ToolDefinition[],
): ModelRequest {
  const { model, system, maxOutputTokens, temperature, cacheKey } = run;
  return {
    model,
    system,
    // A copy: the provider may still be reading the last request while the next message is appended.
    messages: [...run.fit(messages, tools)],
    tools,
    maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(cacheKey === undefined ? {} : { cacheKey }),
  };
}

function stepEnd({ step, finishReason, usage, cost }: CommittedStep): StepEvent {
  return { type: 'step-end', step, finishReason, usage, cost };
}

function visibleText(parts: readonly AssistantPart[]): string {
  return parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '');
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
