import { canonicalJson } from '../../../shared/llm/canonical-json.js';
import type { FinishReason } from '../../../shared/llm/finish-reason.js';
import type { StopReason } from '../../../shared/llm/stop-reason.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';

export interface LoopLimits {
  /** Model calls per run. */
  readonly maxSteps: number;
  /** Tool calls that one step may execute; further ones are refused. */
  readonly maxToolCallsPerStep: number;
  /** Tool calls that run at the same time. */
  readonly toolConcurrency: number;
  /** How often in a row the same call is executed before the run ends. */
  readonly maxRepeatedCalls: number;
}

/** What comes after a model call, as a value. */
export type NextStep =
  | { readonly kind: 'execute-tools' }
  /** The loop ends; calls that the model made are answered as not executed. */
  | { readonly kind: 'stop'; readonly reason: StopReason };

/** Results by which the model shows that it cannot call the tool: its arguments or the name are wrong. */
const MODEL_MISTAKES: ReadonlySet<string> = new Set(['unknown_tool', 'invalid_input', 'invalid_json']);
/** The model gets one chance to correct itself. */
const MAX_MISTAKEN_STEPS = 2;

/** Watches a run for the patterns that end it. One per run; it remembers what earlier steps did. */
export class StopConditions {
  /** How many steps in a row each call has been made, by its signature. */
  private repeats: ReadonlyMap<string, number> = new Map();
  private mistakenSteps = 0;

  constructor(private readonly limits: LoopLimits) {}

  /** Decides after a good model call. `step` is the one that just ended, from 1. */
  afterModelCall(step: number, finishReason: FinishReason, calls: readonly ToolCall[]): NextStep {
    if (calls.length === 0) return { kind: 'stop', reason: 'finished' };
    // The answer was cut or refused: the last call may lack a part of its arguments and still look whole.
    if (finishReason === 'length' || finishReason === 'content_filter')
      return { kind: 'stop', reason: 'finished' };
    const repeats = new Map<string, number>();
    for (const call of calls) {
      const signature = `${call.toolName} ${call.invalidInput ?? canonicalJson(call.input)}`;
      repeats.set(signature, (this.repeats.get(signature) ?? 0) + 1);
    }
    this.repeats = repeats;
    if (Math.max(...repeats.values()) > this.limits.maxRepeatedCalls)
      return { kind: 'stop', reason: 'repeated_calls' };
    if (step >= this.limits.maxSteps) return { kind: 'stop', reason: 'max_steps' };
    return { kind: 'execute-tools' };
  }

  /** Decides after the tools of a step: `undefined` means go on. */
  afterTools(results: readonly ToolResult[]): StopReason | undefined {
    this.mistakenSteps = results.some(isMistake) ? this.mistakenSteps + 1 : 0;
    return this.mistakenSteps >= MAX_MISTAKEN_STEPS ? 'tool_args_invalid' : undefined;
  }
}

function isMistake({ isError, result }: ToolResult): boolean {
  if (!isError || typeof result !== 'object' || result === null || Array.isArray(result)) return false;
  const { error } = result;
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return false;
  return typeof error.code === 'string' && MODEL_MISTAKES.has(error.code);
}
