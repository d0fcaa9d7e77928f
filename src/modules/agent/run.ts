import type { Permission, Principal } from '../../shared/context/principal.js';
import type { FinishReason } from '../../shared/llm/finish-reason.js';
import type { JsonObject, JsonValue } from '../../shared/llm/json.js';
import type { StopReason } from '../../shared/llm/stop-reason.js';
import type { Usage } from '../../shared/llm/usage.js';
import type { Problem } from '../../shared/errors/problem-catalog.js';
import type { ContextReport } from './context/context-report.js';
import type { PicoUsd } from '../../shared/money/usd.js';
import type { RunPrompt } from './prompts/prompt.js';

export type RunStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** The surface a run came in by; one label of the ledger. */
export type RunEndpoint = 'chat' | 'chat_stream' | 'runs';

/** What happens to a message when another run of its conversation is not over. */
export type OnConflict = 'reject' | 'enqueue' | 'interrupt';

/** What a caller asks of the agent, beyond the message. Kept with the run, so that another process can go on with it. */
export interface RunSettings {
  readonly agent?: string;
  readonly model?: string;
  /** Data from the application for this request; goes to the model, is not part of the conversation. */
  readonly context?: JsonObject;
  readonly maxTokens?: number;
  readonly temperature?: number;
  /** `false`: none. Left out: all that the agent has. */
  readonly tools?: readonly string[] | false;
  /** The guardrail found the message suspicious: the run counts as one that has read what strangers wrote. */
  readonly isFlagged?: boolean;
}

export interface RunOptions extends RunSettings {
  readonly message: string;
  readonly sessionId?: string;
  readonly onConflict: OnConflict;
}

/** A run as its caller knows it. */
export interface RunReference {
  readonly runId: string;
  readonly sessionId: string;
  readonly userId: string;
}

/** A run that this process owns, with all that its writes need. */
export interface OwnedRun {
  readonly id: string;
  readonly epoch: number;
  readonly sessionId: string;
  readonly principal: Principal;
  readonly endpoint: RunEndpoint;
  /** When it began, or went on after a person had decided: that day and month pay for it, whoever drives it now. */
  readonly admittedAt: Date;
  /** Of the HTTP request that made it. */
  readonly requestId: string | undefined;
  /** `null`: its agent has no prompt, and works by its instructions. */
  readonly prompt: RunPrompt | null;
}

/** What is kept of the request in `run.request`. */
export interface RunRequestRecord extends RunSettings {
  /** Of the HTTP request that made the run; finds it in the log. */
  readonly requestId?: string;
  readonly messageLength: number;
  readonly timeoutMs: number;
  /** Of the API key that asked for it: the run may at most do this, whoever drives it and whenever. */
  readonly scopes?: readonly Permission[];
}

/** A run that waited in the queue, or that lost its owner, and is this process's now. */
export interface ClaimedRun {
  readonly id: string;
  readonly epoch: number;
  readonly sessionId: string;
  readonly userId: string;
  readonly endpoint: RunEndpoint;
  readonly isBackground: boolean;
  readonly request: RunRequestRecord;
  /** The model that was asked for, by its id. */
  readonly model: string;
  readonly prompt: RunPrompt | null;
  readonly userMessageId: string;
  readonly admittedAt: Date;
  /** False: this is its first owner. */
  readonly isResumed: boolean;
  readonly isCancelRequested: boolean;
  /** Until the run's deadline, by the database's clock; may be negative. */
  readonly remainingMs: number;
  /** True: it waited for a person, and nothing of it was lost. */
  readonly isWoken: boolean;
  /** How long ago it was started. */
  readonly elapsedMs: number;
  /** Set when the owner before died without a word: the epoch that it had. */
  readonly orphanedEpoch: number | null;
}

/** How a run is closed. */
export interface RunClosing {
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly stopReason: StopReason;
  readonly finishReason: FinishReason | null;
  readonly messageId: string | null;
  readonly model: string;
  readonly usage: Usage;
  readonly cost: PicoUsd | undefined;
  /** Null: it ended before anything was read. */
  readonly context: ContextReport | null;
  readonly isCached: boolean;
  readonly problem: Problem | null;
}

/** A run as its owner reads it. */
export interface RunRecord {
  readonly id: string;
  readonly sessionId: string;
  readonly status: RunStatus;
  readonly agent: string;
  readonly model: string;
  readonly prompt: RunPrompt | null;
  readonly stopReason: StopReason | null;
  readonly finishReason: FinishReason | null;
  readonly messageId: string | null;
  /** So far, while the run goes on. Null: no model has been called. */
  readonly usage: Usage | null;
  /** Decimal string, or null while unknown. */
  readonly costUsd: string | null;
  /** What its model was shown of the past. Null until the run has ended. */
  readonly context: ContextReport | null;
  /** True: no model was called; an answer of before was given again. */
  readonly isCached: boolean;
  readonly problem: Problem | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly steps: readonly StepRecord[];
  readonly approvals: readonly ApprovalRecord[];
}

/** A call that waits, or waited, for its user's yes. */
export interface ApprovalRecord {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: JsonValue;
  readonly status: 'pending' | 'approved' | 'denied' | 'expired';
  readonly reason: string | null;
  readonly expiresAt: Date;
  readonly decidedAt: Date | null;
}

export interface StepRecord {
  readonly seq: number;
  readonly step: number;
  readonly kind: 'model' | 'tool' | 'approval';
  readonly status: 'waiting' | 'started' | 'done' | 'unknown' | 'error';
  readonly toolCallId: string | null;
  readonly toolName: string | null;
  readonly request: JsonValue;
  readonly result: JsonValue;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}
