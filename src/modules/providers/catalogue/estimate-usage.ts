import { estimateTokenCount } from 'tokenx';
import type { ContentPart } from '../../../shared/llm/content-part.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { ModelRequest } from '../llm-provider.js';

/** What vendors charge for an image of about one megapixel; its size is not looked at. */
export const TOKENS_PER_IMAGE = 1_500;

/** Our own count of a call for when the vendor reports none. Text that is not empty never counts 0. */
export function estimateUsage(request: ModelRequest, output: string): Usage {
  let input = countTokens(request.system ?? '');
  for (const message of request.messages) for (const part of message.parts) input += tokensOf(part);
  for (const tool of request.tools) {
    input += countTokens(`${tool.name} ${tool.description} ${JSON.stringify(tool.inputSchema)}`);
  }
  return {
    inputTokens: { total: input },
    outputTokens: { total: countTokens(output) },
    source: 'estimated',
  };
}

/** At least 1 for a text that is not empty. */
export function countTokens(text: string): number {
  return text === '' ? 0 : Math.max(1, estimateTokenCount(text));
}

function tokensOf(part: ContentPart): number {
  switch (part.type) {
    case 'text':
      return countTokens(part.text);
    case 'reasoning':
      return countTokens(part.text || (part.redacted ?? ''));
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'tool-call':
      return countTokens(`${part.toolName} ${part.invalidInput ?? JSON.stringify(part.input)}`);
    case 'tool-result':
      return countTokens(JSON.stringify(part.result));
  }
}
