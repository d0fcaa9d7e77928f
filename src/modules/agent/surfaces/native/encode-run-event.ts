import { NO_USAGE } from '../../../../shared/llm/usage.js';
import { notFound } from '../../../../shared/errors/app-error.js';
import { toProblem } from '../../../../shared/errors/problem-catalog.js';
import { callerRevoked, runMoved } from '../../agent.errors.js';
import type { LoggedEvent } from '../../events/run-event-log.js';
import type { RunEvent } from '../../loop/run-events.js';
import type { RunReference } from '../../run.js';
import type { StreamEncoding } from '../stream-run.js';
import { roundMs, toChatAnswerDto, toCostUsd, toInput, toUsageDto } from './to-chat-answer.js';

const FAREWELLS = { gone: notFound, shutting_down: runMoved, revoked: callerRevoked } as const;

/** The native stream of a run (api.md, "Agent"): `id`, `event` and one line of JSON `data`. */
export function nativeEncoding({ runId, sessionId }: RunReference, requestId?: string): StreamEncoding {
  return {
    event: encodeRunEvent,
    // Without an id: it is no event of the run, so whoever comes back goes on after the last that was one.
    brokenOff: (end) =>
      encode({
        type: 'run-error',
        runId,
        sessionId,
        problem: toProblem(FAREWELLS[end](runId), requestId === undefined ? {} : { requestId }),
        partial: true,
        usage: NO_USAGE,
        cost: undefined,
      }),
  };
}

export function encodeRunEvent({ id, event }: LoggedEvent): string {
  return `id: ${id}\n${encode(event)}`;
}

/** JSON never contains a raw line break, so no text of a model can end an event or begin another. */
function encode(event: RunEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(toData(event))}\n\n`;
}

function toData(event: RunEvent): unknown {
  switch (event.type) {
    case 'run-start':
      return { run_id: event.runId, session_id: event.sessionId };
    case 'step-start':
      return { step: event.step };
    case 'text-delta':
    case 'reasoning-delta':
      return { step: event.step, delta: event.delta };
    case 'tool-call':
      return {
        step: event.step,
        tool_call_id: event.call.toolCallId,
        tool_name: event.call.toolName,
        input: toInput(event.call),
      };
    case 'approval-request':
      return {
        step: event.step,
        tool_call_id: event.call.toolCallId,
        tool_name: event.call.toolName,
        input: toInput(event.call),
        expires_at: event.expiresAt,
      };
    case 'tool-progress':
      return {
        step: event.step,
        tool_call_id: event.toolCallId,
        tool_name: event.toolName,
        message: event.message,
      };
    case 'tool-result':
      return {
        step: event.step,
        tool_call_id: event.result.toolCallId,
        tool_name: event.result.toolName,
        result: event.result.result,
        is_error: event.result.isError,
        duration_ms: roundMs(event.result.durationMs),
      };
    case 'step-end':
      return {
        step: event.step,
        finish_reason: event.finishReason,
        usage: toUsageDto(event.usage),
        cost_usd: toCostUsd(event.cost),
      };
    case 'step-restart':
      return { step: event.step, discard_after: event.discardAfter };
    case 'run-end':
      return toChatAnswerDto(event.answer);
    case 'run-error':
      return {
        run_id: event.runId,
        session_id: event.sessionId,
        problem: event.problem,
        partial: event.partial,
        usage: toUsageDto(event.usage),
        cost_usd: toCostUsd(event.cost),
      };
  }
}
