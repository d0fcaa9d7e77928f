import type { FinishReason } from '../../../shared/llm/finish-reason.js';

/** `reason` is that of `incomplete_details`; a completed response has none. */
export function mapResponsesFinishReason(reason: string | undefined, hasToolCalls: boolean): FinishReason {
  switch (reason) {
    case undefined:
      return hasToolCalls ? 'tool_calls' : 'stop';
    case 'max_output_tokens':
      return 'length';
    case 'content_filter':
      return 'content_filter';
    default:
      return 'other';
  }
}
