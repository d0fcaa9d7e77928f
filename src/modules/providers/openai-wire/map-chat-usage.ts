import type { Usage } from '../../../shared/llm/usage.js';
import { measuredUsage } from '../wire/measured-usage.js';
import { asObject, asTokens, type Payload } from '../wire/payload.js';

/** `prompt_tokens` and `completion_tokens` are totals: cache and reasoning are contained in them. */
export function mapChatUsage(usage: Payload | undefined): Usage | undefined {
  const prompt = asObject(usage?.prompt_tokens_details);
  const completion = asObject(usage?.completion_tokens_details);
  return measuredUsage({
    input: asTokens(usage?.prompt_tokens),
    output: asTokens(usage?.completion_tokens),
    // The second name is DeepSeek's.
    cacheRead: asTokens(prompt?.cached_tokens) ?? asTokens(usage?.prompt_cache_hit_tokens),
    cacheWrite: asTokens(prompt?.cache_write_tokens),
    reasoning: asTokens(completion?.reasoning_tokens),
  });
}
