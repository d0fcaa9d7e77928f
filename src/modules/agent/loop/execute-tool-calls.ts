import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { StepEvent } from './run-events.js';
import type { RunJournal, ToolIntent } from './run-journal.js';

/** Executes one call and always answers: refusals, timeouts and crashes are results too. */
export type ExecuteTool = (call: ToolCall, seq: number, step: number) => Promise<ToolResult>;

/**
 * Executes the calls of a step, at most `concurrency` at once. Every call gets exactly one result; those in `known` are
 * there already. Results are streamed and returned in the order of the calls, whatever the order in which they arrive.
 * The last one is not streamed: it becomes true when the whole step is committed.
 */
export async function* executeToolCalls(
  intents: readonly ToolIntent[],
  known: ReadonlyMap<number, ToolResult>,
  step: number,
  execute: ExecuteTool,
  journal: RunJournal,
  limits: { readonly maxToolCallsPerStep: number; readonly toolConcurrency: number },
): AsyncGenerator<StepEvent, ToolResult[]> {
  const acquire = slots(limits.toolConcurrency);
  const pending = intents.map(async ({ call, seq }, index) => {
    if (index >= limits.maxToolCallsPerStep) {
      return refusal(
        call,
        'too_many_tool_calls',
        `At most ${limits.maxToolCallsPerStep} calls are executed per step.`,
      );
    }
    if (call.invalidInput !== undefined) {
      return refusal(
        call,
        'invalid_json',
        'The arguments are not a JSON object. Correct them and call again.',
      );
    }
    const journalled = known.get(seq);
    if (journalled) return journalled;
    const release = await acquire();
    try {
      const result = await execute(call, seq, step);
      if (intents.length > 1) await journal.recordToolResult({ seq, result });
      return result;
    } finally {
      release();
    }
  });
  // One that fails while an earlier one is awaited must not count as unhandled.
  for (const promise of pending) promise.catch(() => undefined);

  const results: ToolResult[] = [];
  for (const promise of pending) {
    const result = await promise;
    results.push(result);
    if (results.length < pending.length) yield { type: 'tool-result', step, result };
  }
  return results;
}

/** The result of a call that is not executed. */
export function refusal(call: ToolCall, code: string, message: string): ToolResult {
  const { toolCallId, toolName } = call;
  return { toolCallId, toolName, result: { error: { code, message } }, isError: true, durationMs: 0 };
}

/** The process died between the dispatch and the result: nobody knows whether the tool did its work. */
export function outcomeUnknown(call: ToolCall): ToolResult {
  return refusal(call, OUTCOME_UNKNOWN, 'It is unknown whether this call was executed.');
}

/** The code of a result that stands for a call which may or may not have been executed. */
export const OUTCOME_UNKNOWN = 'outcome_unknown';

/** A counting semaphore: resolves to the function that gives the slot back. */
function slots(count: number): () => Promise<() => void> {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}
