import type { ContentPart } from '../../../shared/llm/content-part.js';
import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ModelRequest } from '../llm-provider.js';
import { estimateRequest, TOKENS_PER_IMAGE } from '../tokens/estimate-tokens.js';
import type { ModelInfo, TokenPrice } from './model-info.js';
import { boundTokens } from './token-bound.js';

/** The most that a call may use. */
export interface CallBound {
  /** Input and output together. */
  readonly tokens: number;
  /** Models without a price count nothing: they are refused unless an administrator has allowed them. */
  readonly cost: PicoUsd;
}

/** What vendors count besides the text: the form of the conversation, and some tokens per message and tool. */
const FRAME = 20;
const FRAME_PER_ITEM = 8;
/** How far estimates may be off: within 10 % of what vendors reported (docs/guides/tokens.md). */
export const ESTIMATE_MARGIN = 1.15;

/** What the request may at most use on any of the models that may serve it. */
export function mostOf(request: ModelRequest, models: readonly ModelInfo[]): CallBound {
  const items = request.messages.length + request.tools.length;
  const bound = textBoundOf(request) + FRAME + FRAME_PER_ITEM * items;
  const input = models.reduce((most, model) => Math.max(most, vendorBoundOf(request, model)), bound);
  const output = request.maxOutputTokens;
  let cost = 0n;
  for (const { price } of models) {
    if (!price) continue;
    for (const tier of [price, ...(price.tiers ?? [])]) {
      const most = BigInt(input) * dearestInput(tier) + BigInt(output) * tier.output;
      if (most > cost) cost = most;
    }
  }
  return { tokens: input + output, cost };
}

/** What is known of the vendor's own additions, such as its instructions about tools, can be more than all the text. */
function vendorBoundOf(request: ModelRequest, model: ModelInfo): number {
  return Math.ceil(estimateRequest({ ...request, model }) * ESTIMATE_MARGIN);
}

function dearestInput({ input, cacheWrite = input }: TokenPrice): PicoUsd {
  return cacheWrite > input ? cacheWrite : input;
}

/** All that a request sends. */
function textBoundOf(request: ModelRequest): number {
  let tokens = boundTokens(request.system ?? '');
  for (const message of request.messages) for (const part of message.parts) tokens += boundOf(part);
  for (const tool of request.tools) {
    tokens += boundTokens(`${tool.name} ${tool.description} ${schemaText(tool.inputSchema)}`);
  }
  return tokens;
}

const schemaTexts = new WeakMap<object, string>();

function schemaText(schema: object): string {
  let text = schemaTexts.get(schema);
  if (text === undefined) schemaTexts.set(schema, (text = JSON.stringify(schema)));
  return text;
}

function boundOf(part: ContentPart): number {
  switch (part.type) {
    case 'text':
      return boundTokens(part.text);
    case 'reasoning':
      return boundTokens(part.text || (part.redacted ?? ''));
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'tool-call':
      return boundTokens(`${part.toolName} ${part.invalidInput ?? JSON.stringify(part.input)}`);
    case 'tool-result':
      return boundTokens(JSON.stringify(part.result));
  }
}
