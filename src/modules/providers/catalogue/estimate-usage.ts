import type { Usage } from '../../../shared/llm/usage.js';
import type { ModelRequest } from '../llm-provider.js';
import { countTokens, estimateRequest } from '../tokens/estimate-tokens.js';

/** Our own count of a call for when the vendor reports none. Text that is not empty never counts 0. */
export function estimateUsage(request: ModelRequest, output: string): Usage {
  return {
    inputTokens: { total: estimateRequest(request) },
    outputTokens: { total: countTokens(output, request.model) },
    source: 'estimated',
  };
}
