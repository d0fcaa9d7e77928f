import type { RunEvent } from '../../loop/run-events.js';
import type { LoggedEvent } from '../../events/run-event-log.js';
import { roundMs, toChatAnswerDto, toCostUsd, toInput, toUsageDto } from './to-chat-answer.js';

/** One event of the native stream: `id`, `event` and one line of JSON `data` (api.md, "Agent"). */
export function encodeRunEvent({ id, event }: LoggedEvent): string {
  // JSON never contains a raw line break, so no text of a model can end an event or begin another.
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(toData(event))}\n\n`;
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
