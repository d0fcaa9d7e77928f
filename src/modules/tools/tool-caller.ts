import type { Principal } from '../../shared/context/principal.js';
import type { JsonValue } from '../../shared/llm/json.js';
import type { Exposure } from './exposure.js';

/** A call as the model, or a user, made it. */
export interface ToolInvocation {
  readonly toolName: string;
  readonly input: JsonValue;
  readonly toolCallId: string;
  /** Equal for a call that is executed again after a takeover. */
  readonly idempotencyKey: string;
}

/** What a person has said to a call that needs a yes. */
export type ApprovalAnswer =
  | { readonly decision: 'approved' | 'expired' | 'none' }
  | { readonly decision: 'denied'; readonly reason: string | null };

export interface ToolCaller {
  readonly principal: Principal;
  /** `undefined` when a user calls the tool directly. */
  readonly runId?: string;
  /** Of the HTTP request behind it, for the trail. */
  readonly requestId?: string | undefined;
  readonly signal: AbortSignal;
  /** What may be used here beyond what the caller may: the agent's tools. */
  readonly allowedTools: ReadonlySet<string>;
  /**
   * What its user has said to this very call, named by its `callHash`. Asked only where the policy wants a yes, and uses it
   * up. Left out: whoever calls is the one who would be asked.
   */
  readonly approval?: (hash: string) => Promise<ApprovalAnswer>;
  /** What the run has read by now. Left out: a user calls the tool directly. */
  readonly exposure?: Exposure;
  readonly onProgress?: (message: string) => void;
}
