import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { StopReason } from '../../../shared/llm/stop-reason.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { Problem } from '../../../shared/errors/problem-catalog.js';
import type { PicoUsd } from '../../../shared/money/usd.js';

/** What the loop says while it works. `step` counts from 1. */
export type StepEvent =
  | { readonly type: 'step-start'; readonly step: number }
  | { readonly type: 'text-delta'; readonly step: number; readonly delta: string }
  | { readonly type: 'reasoning-delta'; readonly step: number; readonly delta: string }
  | { readonly type: 'tool-call'; readonly step: number; readonly call: ToolCall }
  /** What a tool says while it works. */
  | {
      readonly type: 'tool-progress';
      readonly step: number;
      readonly toolCallId: string;
      readonly toolName: string;
      readonly message: string;
    }
  | { readonly type: 'tool-result'; readonly step: number; readonly result: ToolResult }
  /** The run waits until its user has agreed to the call, or has refused it, or the time is over. */
  | {
      readonly type: 'approval-request';
      readonly step: number;
      readonly call: ToolCall;
      /** ISO 8601. */
      readonly expiresAt: string;
    }
  | {
      readonly type: 'step-end';
      readonly step: number;
      readonly finishReason: FinishReason;
      readonly usage: Usage;
      /** `undefined`: the model's price is unknown. */
      readonly cost: PicoUsd | undefined;
    };

/** A tool call with its result, as the answer lists them. */
export interface AnsweredToolCall {
  readonly call: ToolCall;
  readonly result: ToolResult;
}

/** What a run came to. `run-end` carries it and `POST /agent/chat` answers with it. */
export interface RunAnswer {
  readonly runId: string;
  readonly sessionId: string;
  /** The last assistant message; `null` when the run ended before there was one. */
  readonly messageId: string | null;
  /** The text of that message. */
  readonly content: string;
  readonly toolCalls: readonly AnsweredToolCall[];
  readonly finishReason: FinishReason;
  readonly stopReason: StopReason;
  /** The model that served the last call: the one asked for, or a fallback. */
  readonly model: string;
  /** The version of the prompt that it was told; `null`: its agent's instructions. Left out: it is from before there were any. */
  readonly prompt?: { readonly name: string; readonly version: number } | null;
  readonly usage: Usage;
  readonly cost: PicoUsd | undefined;
  /** True: no model was called; an answer of before was given again. Left out: it is from before there was a cache. */
  readonly cached?: boolean;
  readonly latencyMs: number;
}

/** Everything a subscriber of a run sees: `run-start` first, then steps, then exactly one of the last two. */
export type RunEvent =
  | { readonly type: 'run-start'; readonly runId: string; readonly sessionId: string }
  | StepEvent
  /** The run has a new owner, which repeats `step`: what came after the event `discardAfter` is void. */
  | {
      readonly type: 'step-restart';
      readonly step: number;
      readonly discardAfter: number;
      /** True: events may have been shown whose ids are used again from here on, because nobody knows them any more. */
      readonly isTailLost: boolean;
    }
  | { readonly type: 'run-end'; readonly answer: RunAnswer }
  | {
      readonly type: 'run-error';
      readonly runId: string;
      readonly sessionId: string;
      readonly problem: Problem;
      /** True when part of an answer was streamed; it is kept in the conversation, marked incomplete. */
      readonly partial: boolean;
      readonly usage: Usage;
      readonly cost: PicoUsd | undefined;
    };
