import type { ContentPart } from '../../../shared/llm/content-part.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelRequest } from '../llm-provider.js';
import { countPieces } from './count-pieces.js';
import { declareTool } from './declare-tool.js';
import { OPENAI, type VendorTokens, vendorTokens } from './vendor-tokens.js';

/*
 * Perch's own count of tokens, for when no vendor has counted yet: whole, on average right, and sometimes too low. What
 * must never be too low is counted by `catalogue/token-bound.ts`.
 */

/** What vendors charge for an image of about one megapixel; its size is not looked at. */
export const TOKENS_PER_IMAGE = 1_500;

/** The tokens of a text alone. 0 for an empty text, and at least 1 for any other. */
export function countTokens(text: string, model: ModelInfo): number {
  return whole(tokensOfText(text, vendorTokens(model)));
}

/** The tokens of a text for what is no chat model, such as embeddings: by OpenAI's vocabulary. */
export function countTextTokens(text: string): number {
  return whole(tokensOfText(text, OPENAI));
}

/** A message with what the vendor puts around it, its calls and its results. */
export function estimateMessage(message: Message, model: ModelInfo): number {
  return whole(tokensOfMessage(message, vendorTokens(model)));
}

/** All the tools of a request, with what the vendor says about tools itself. 0 for none. */
export function estimateTools(tools: readonly ToolDefinition[], model: ModelInfo): number {
  return whole(tokensOfTools(tools, vendorTokens(model)));
}

/** The whole of a request: the sum of the above and the system prompt, with the frame of the request. */
export function estimateRequest({ model, system = '', messages, tools }: ModelRequest): number {
  const vendor = vendorTokens(model);
  let tokens = vendor.request + tokensOfText(system, vendor) + tokensOfTools(tools, vendor);
  if (system !== '' && vendor.systemIsMessage) tokens += vendor.message;
  for (const message of messages) tokens += tokensOfMessage(message, vendor);
  return whole(tokens);
}

function whole(tokens: number): number {
  return tokens === 0 ? 0 : Math.max(1, Math.round(tokens));
}

function tokensOfText(text: string, { perPiece }: VendorTokens): number {
  if (text === '') return 0;
  const pieces = countPieces(text);
  return (
    pieces.common * perPiece.common +
    pieces.rare * perPiece.rare +
    pieces.split * perPiece.split +
    pieces.capitals * perPiece.capitals +
    pieces.foreign * perPiece.foreign +
    pieces.digits * perPiece.digits +
    pieces.marks * perPiece.marks +
    pieces.space * perPiece.space
  );
}

/** A run counts the same messages and tools at every step. */
const counts = new WeakMap<object, Map<VendorTokens, number>>();

function countedOnce(item: object, vendor: VendorTokens, count: () => number): number {
  let known = counts.get(item);
  if (!known) counts.set(item, (known = new Map<VendorTokens, number>()));
  let tokens = known.get(vendor);
  if (tokens === undefined) known.set(vendor, (tokens = count()));
  return tokens;
}

function tokensOfMessage(message: Message, vendor: VendorTokens): number {
  return countedOnce(message, vendor, () => tokensOfParts(message, vendor));
}

function tokensOfParts({ parts }: Message, vendor: VendorTokens): number {
  let tokens = parts.some((part) => part.type === 'text' || part.type === 'image') ? vendor.message : 0;
  for (const part of parts) tokens += tokensOfPart(part, vendor);
  return tokens;
}

function tokensOfPart(part: ContentPart, vendor: VendorTokens): number {
  switch (part.type) {
    case 'text':
      return tokensOfText(part.text, vendor);
    case 'reasoning':
      // Others never see it, and what has no origin is for reading only.
      if (part.provider === undefined || part.provider !== vendor.reasoning) return 0;
      return tokensOfText(part.text || (part.redacted ?? ''), vendor);
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'tool-call': {
      const text = `${part.toolName} ${part.invalidInput ?? JSON.stringify(part.input)}`;
      return vendor.toolCall + tokensOfText(text, vendor);
    }
    case 'tool-result':
      return vendor.toolResult + tokensOfText(JSON.stringify(part.result), vendor);
  }
}

function tokensOfTools(tools: readonly ToolDefinition[], vendor: VendorTokens): number {
  if (tools.length === 0) return 0;
  let tokens = vendor.tools;
  for (const tool of tools) {
    tokens += countedOnce(tool, vendor, () => vendor.tool + tokensOfText(toolText(tool, vendor), vendor));
  }
  return tokens;
}

function toolText(tool: ToolDefinition, vendor: VendorTokens): string {
  return vendor.declaresTools ? declareTool(tool) : toJson(tool);
}

function toJson({ name, description, inputSchema }: ToolDefinition): string {
  return JSON.stringify({ name, description, input_schema: inputSchema });
}
