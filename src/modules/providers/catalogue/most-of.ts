import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ModelRequest } from '../llm-provider.js';
import { inputTokensOf } from './estimate-usage.js';
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

/** What the request may at most use on any of the models that may serve it. */
export function mostOf(request: ModelRequest, models: readonly ModelInfo[]): CallBound {
  const items = request.messages.length + request.tools.length;
  const input = inputTokensOf(request, boundTokens) + FRAME + FRAME_PER_ITEM * items;
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

function dearestInput({ input, cacheWrite = input }: TokenPrice): PicoUsd {
  return cacheWrite > input ? cacheWrite : input;
}
