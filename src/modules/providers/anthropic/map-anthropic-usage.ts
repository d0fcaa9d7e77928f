import type { Usage } from '../../../shared/llm/usage.js';
import { measuredUsage } from '../wire/measured-usage.js';
import { asObject, asTokens, type Payload } from '../wire/payload.js';

/**
 * Anthropic's `input_tokens` leave the cache out, so the total is a sum. Figures come twice: with `message_start`, and
 * with `message_delta`, whose figures are cumulative and may be fewer; the later one counts.
 */
export function mapAnthropicUsage(start: Payload | undefined, delta?: Payload): Usage | undefined {
  const tokens = (name: string): number | undefined => asTokens(delta?.[name]) ?? asTokens(start?.[name]);
  const input = tokens('input_tokens');
  const cacheRead = tokens('cache_read_input_tokens');
  const cacheWrite = tokens('cache_creation_input_tokens');
  const details = asObject(delta?.output_tokens_details) ?? asObject(start?.output_tokens_details);
  return measuredUsage({
    input: (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output: tokens('output_tokens'),
    cacheRead,
    cacheWrite,
    reasoning: asTokens(details?.thinking_tokens),
  });
}
