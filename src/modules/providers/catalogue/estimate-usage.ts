import { estimateTokenCount } from 'tokenx';
import type { ContentPart } from '../../../shared/llm/content-part.js';
import type { Usage } from '../../../shared/llm/usage.js';
import type { ModelRequest } from '../llm-provider.js';

/** What vendors charge for an image of about one megapixel; its size is not looked at. */
export const TOKENS_PER_IMAGE = 1_500;

/** Our own count of a call for when the vendor reports none. Text that is not empty never counts 0. */
export function estimateUsage(request: ModelRequest, output: string): Usage {
  return {
    inputTokens: { total: inputTokensOf(request, countTokens) },
    outputTokens: { total: countTokens(output) },
    source: 'estimated',
  };
}

/** At least 1 for a text that is not empty. */
export function countTokens(text: string): number {
  return text === '' ? 0 : Math.max(1, estimateTokenCount(text));
}

/** All that a request sends, counted by `count`. */
export function inputTokensOf(request: ModelRequest, count: (text: string) => number): number {
  let input = count(request.system ?? '');
  for (const message of request.messages) for (const part of message.parts) input += tokensOf(part, count);
  for (const tool of request.tools) {
    input += count(`${tool.name} ${tool.description} ${schemaText(tool.inputSchema)}`);
  }
  return input;
}

const schemaTexts = new WeakMap<object, string>();

function schemaText(schema: object): string {
  let text = schemaTexts.get(schema);
  if (text === undefined) schemaTexts.set(schema, (text = JSON.stringify(schema)));
  return text;
}

function tokensOf(part: ContentPart, count: (text: string) => number): number {
  switch (part.type) {
    case 'text':
      return count(part.text);
    case 'reasoning':
      return count(part.text || (part.redacted ?? ''));
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'tool-call':
      return count(`${part.toolName} ${part.invalidInput ?? JSON.stringify(part.input)}`);
    case 'tool-result':
      return count(JSON.stringify(part.result));
  }
}
