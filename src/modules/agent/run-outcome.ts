import { toProblem } from '../../shared/errors/problem-catalog.js';
import { toAppError } from '../../shared/errors/problem.filter.js';
import type { RunOutcome } from './active-runs.js';
import { toRunError } from './agent.errors.js';
import type { ContextReport } from './context/context-report.js';
import type { LoopEnd } from './loop/run-loop.js';
import type { OwnedRun, RunClosing } from './run.js';
import type { RunTally } from './run-tally.js';

/** What is written of a run at its end. */
export function toClosing(
  end: LoopEnd,
  tally: RunTally,
  context: ContextReport | undefined,
  requestId: string | undefined,
): RunClosing {
  const isFailed = end.stopReason === 'error' || end.stopReason === 'timeout';
  return {
    status: isFailed ? 'failed' : end.stopReason === 'cancelled' ? 'cancelled' : 'completed',
    stopReason: end.stopReason,
    finishReason: end.finishReason,
    messageId: end.messageId,
    model: end.model,
    usage: tally.usage,
    cost: tally.cost,
    context: context ?? null,
    isCached: end.isCached ?? false,
    problem:
      end.stopReason === 'error'
        ? toProblem(toAppError(toRunError(end.error)), requestId === undefined ? {} : { requestId })
        : null,
  };
}

/** What is told of it: the run's last event. */
export function toOutcome(
  run: OwnedRun,
  end: LoopEnd,
  closing: RunClosing,
  tally: RunTally,
  latencyMs: number,
): RunOutcome {
  const { usage, cost } = tally;
  if (closing.problem) {
    return {
      type: 'run-error',
      runId: run.id,
      sessionId: run.sessionId,
      problem: closing.problem,
      partial: tally.hasStreamed,
      usage,
      cost,
    };
  }
  return {
    type: 'run-end',
    answer: {
      runId: run.id,
      sessionId: run.sessionId,
      messageId: end.messageId,
      content: end.content,
      toolCalls: tally.toolCalls,
      finishReason: end.finishReason,
      stopReason: end.stopReason,
      model: end.model,
      prompt: run.prompt,
      usage,
      cost,
      cached: closing.isCached,
      latencyMs,
    },
  };
}
