import type { Principal } from '../../shared/context/principal.js';
import type { FinishReason } from '../../shared/llm/finish-reason.js';
import type { JsonObject, JsonValue } from '../../shared/llm/json.js';
import type { StopReason } from '../../shared/llm/stop-reason.js';
import type { Usage } from '../../shared/llm/usage.js';
import type { Problem } from '../../shared/errors/problem-catalog.js';
import type { PicoUsd } from '../../shared/money/usd.js';

export type RunStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** The surface a run came in by; one label of the ledger. */
export type RunEndpoint = 'chat' | 'chat_stream';

/** What a caller asks for. */
export interface RunOptions {
  readonly message: string;
  readonly sessionId?: string;
  readonly agent?: string;
  readonly model?: string;
  /** Data from the application for this request; goes to the model, is not part of the conversation. */
  readonly context?: JsonObject;
  readonly maxTokens?: number;
  readonly temperature?: number;
  /** `false`: none. Left out: all that the agent has. */
  readonly tools?: readonly string[] | false;
}

/** A run that this process owns, with all that its writes need. */
export interface OwnedRun {
  readonly id: string;
  readonly epoch: number;
  readonly sessionId: string;
  readonly principal: Principal;
  readonly endpoint: RunEndpoint;
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
  readonly problem: Problem | null;
}

/** A run as its owner reads it. */
export interface RunRecord {
  readonly id: string;
  readonly sessionId: string;
  readonly status: RunStatus;
  readonly agent: string;
  readonly model: string;
  readonly stopReason: StopReason | null;
  readonly finishReason: FinishReason | null;
  readonly messageId: string | null;
  readonly usage: Usage | null;
  /** Decimal string, or null while unknown. */
  readonly costUsd: string | null;
  readonly problem: Problem | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly steps: readonly StepRecord[];
}

export interface StepRecord {
  readonly seq: number;
  readonly step: number;
  readonly kind: 'model' | 'tool' | 'approval';
  readonly status: 'started' | 'done' | 'unknown' | 'error';
  readonly toolCallId: string | null;
  readonly toolName: string | null;
  readonly request: JsonValue;
  readonly result: JsonValue;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}
