import type { AssistantMessage } from '../../../shared/llm/message.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { PicoUsd } from '../../../shared/money/usd.js';

/** What one model call used. `source: unknown` never leaves the ledger as 0: tokens are our estimate, the cost is open. */
export interface ModelCallRecord {
  readonly provider: string;
  readonly model: string;
  readonly usage: Usage;
  readonly cost: PicoUsd | undefined;
}

/** A tool call that is about to be dispatched, or that is refused and gets its result at once. */
export interface ToolIntent {
  /** Its place in the run's journal. */
  readonly seq: number;
  readonly call: ToolCall;
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
  readonly startedAt: Date;
}

export interface ToolResultRecord {
  readonly seq: number;
  readonly result: ToolResult;
}

/**
 * The memory of a run that survives its process. Each method is one statement that checks that this process still owns
 * the run; when it does not, it throws RunFencedError and nothing was written.
 */
export interface RunJournal {
  /** Assistant message, usage and tool intents together: from here on the intents may be dispatched. */
  commitModelStep(record: ModelStepRecord): Promise<void>;
  /** One result of several that run in parallel, as soon as it is there. */
  recordToolResult(record: ToolResultRecord): Promise<void>;
  /** All results of a step, in the order of the calls, with the tool message that carries them. */
  commitToolResults(records: readonly ToolResultRecord[], messageId: string): Promise<void>;
}

/** Somebody else has the run now, or it has ended. The loop stops at once and dispatches nothing more. */
export class RunFencedError extends Error {
  constructor(readonly runId: string) {
    super(`run ${runId} is no longer ours`);
    this.name = 'RunFencedError';
  }
}
