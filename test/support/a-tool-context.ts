import type { ToolContext } from '../../src/modules/tools/tool.js';

/** What a tool is executed with, for a test that calls it without the executor. */
export function aToolContext(given: Partial<ToolContext> = {}): ToolContext {
  return {
    userId: '00000000-0000-7000-8000-000000000001',
    toolCallId: 'call-1',
    idempotencyKey: 'run-1:1',
    signal: new AbortController().signal,
    reportProgress: () => undefined,
    ...given,
  };
}
