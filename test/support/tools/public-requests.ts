import type { OutboundRequest } from '../../../src/modules/tools/outbound/outbound-request.js';

/** A request to a URL that a model chose, within bounds that a test does not reach by accident. */
export function aPublicRequest(url: string, given: Partial<OutboundRequest> = {}): OutboundRequest {
  return {
    url,
    target: { kind: 'public' },
    maxBytes: 100_000,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...given,
  };
}

/** What became of a request: the reason of its refusal or failure, or its status. */
export async function outcomeOf(request: Promise<{ readonly status: number }>): Promise<number | string> {
  return request.then(
    ({ status }) => status,
    (error: { name: string; reason?: string }) => `${error.name}: ${error.reason ?? 'untyped'}`,
  );
}
