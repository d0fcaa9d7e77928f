/**
 * Why one model call ended. `other` stands for what the vendor said and we do not know; the vendor's own word is kept
 * beside it as `rawFinishReason`. `error` means that the call broke off.
 */
export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'error' | 'other';
