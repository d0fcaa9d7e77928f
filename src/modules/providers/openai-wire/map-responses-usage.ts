import type { Usage } from '../../../shared/llm/usage.js';
import { measuredUsage } from '../wire/measured-usage.js';
import { asObject, asTokens, type Payload } from '../wire/payload.js';

/** `input_tokens` and `output_tokens` are totals: cache and reasoning are contained in them. */
export function mapResponsesUsage(usage: Payload | undefined): Usage | undefined {
  const input = asObject(usage?.input_tokens_details);
  return measuredUsage({
    input: asTokens(usage?.input_tokens),
    output: asTokens(usage?.output_tokens),
    cacheRead: asTokens(input?.cached_tokens),
    cacheWrite: asTokens(input?.cache_write_tokens),
    reasoning: asTokens(asObject(usage?.output_tokens_details)?.reasoning_tokens),
  });
}
