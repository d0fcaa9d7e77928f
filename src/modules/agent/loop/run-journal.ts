import type { AssistantPart } from '../../../shared/llm/content-part.js';
import type { AssistantMessage } from '../../../shared/llm/message.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { PicoUsd } from '../../../shared/money/usd.js';
import type { StepEvent } from './run-events.js';

/** What one model call used. `source: unknown` never leaves the ledger as 0: tokens are our estimate, the cost is open. */
export interface ModelCallRecord {
  readonly provider: string;
  readonly model: string;
  readonly usage: Usage;
  readonly cost: PicoUsd | undefined;
  /** By which price list it was charged. Left out where the price is unknown. */
  readonly priceVersion?: string;
}

/** A tool call that is about to be dispatched, or that is refused and gets its result at once. */
export interface ToolIntent {
  /** Its place in the run's journal. */
  readonly seq: number;
  readonly call: ToolCall;
}

/** Calls that wait for a person, and until when. None: the step goes on. */
export interface ApprovalDemand {
  readonly intents: readonly ToolIntent[];
  readonly expiresAt: Date;
}

export interface ModelStepRecord {
  /** Its place in the run's journal: one sequence over model calls and tool calls. */
  readonly seq: number;
  /** Which step of the loop, from 1. */
  readonly step: number;
  /** `undefined`: the call ended before the model said anything; no message is stored. */
  readonly message: AssistantMessage | undefined;
  readonly messageId: string;
  /** False: the answer broke off. */
  readonly isComplete: boolean;
  readonly finishReason: FinishReason;
  readonly rawFinishReason: string | undefined;
  /** `undefined`: nothing was spent (the provider never accepted the call). */
  readonly modelCall: ModelCallRecord | undefined;
  readonly intents: readonly ToolIntent[];
  /**
   * Calls that a person has to agree to. If there are any, nothing of the step is dispatched: the write that stores it also
   * suspends the run, until all of them are decided.
   */
  readonly approvals: ApprovalDemand;
  readonly startedAt: Date;
}

export interface ToolResultRecord {
  readonly seq: number;
  readonly result: ToolResult;
}

/**
 * The memory of a run that survives its process. Each method is one statement that checks that this process still owns
 * the run; when it does not, it throws RunFencedError and nothing was written.
 *
 * `then` are the events that become true with the write: they are stored with it and shown after it, so that nobody is
 * told of anything that a takeover could take back.
 */
export interface RunJournal {
  /**
   * Assistant message, usage and tool intents together: from here on the intents may be dispatched. With approvals, the run
   * is nobody's after it.
   */
  commitModelStep(record: ModelStepRecord, then: readonly StepEvent[]): Promise<void>;
  /** The intents of a step that waited, before the first of them is dispatched. */
  dispatch(intents: readonly ToolIntent[]): Promise<void>;
  /** One result of several that run in parallel, as soon as it is there. */
  recordToolResult(record: ToolResultRecord): Promise<void>;
  /** All results of a step, in the order of the calls, with the tool message that carries them. */
  commitToolResults(
    records: readonly ToolResultRecord[],
    messageId: string,
    then: readonly StepEvent[],
  ): Promise<void>;
}

/** A step as the journal has it, for the owner that goes on after another one. */
export interface JournalledStep {
  /** Place of its model call in the journal. */
  readonly seq: number;
  readonly step: number;
  readonly messageId: string | null;
  readonly parts: readonly AssistantPart[];
  /** False: the answer broke off, so this is the last step. */
  readonly isComplete: boolean;
  readonly finishReason: FinishReason;
  /** The id of the model that served it. */
  readonly model: string;
  readonly usage: Usage;
  readonly cost: PicoUsd | undefined;
  readonly intents: readonly ToolIntent[];
  /** Results by the `seq` of their call. A call that may have been executed without one has an "outcome unknown" here. */
  readonly results: ReadonlyMap<number, ToolResult>;
  /** False: its calls waited for a person, and none of them has been dispatched. */
  readonly isDispatched: boolean;
  /** True: the tool message is in the conversation. */
  readonly areResultsCommitted: boolean;
}

/** Somebody else has the run now, or it has ended. The loop stops at once and dispatches nothing more. */
export class RunFencedError extends Error {
  constructor(readonly runId: string) {
    super(`run ${runId} is no longer ours`);
    this.name = 'RunFencedError';
  }
}
