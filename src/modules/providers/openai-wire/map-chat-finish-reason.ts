import type { FinishReason } from '../../../shared/llm/finish-reason.js';

/** Servers that copy the wire like to say `stop` although they call tools. */
export function mapChatFinishReason(raw: string, hasToolCalls: boolean): FinishReason {
  switch (raw) {
    case 'stop':
      return hasToolCalls ? 'tool_calls' : 'stop';
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls';
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content_filter';
    case 'error':
      return 'error';
    default:
      return 'other';
  }
}
