import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ModelRequest } from '../llm-provider.js';
import { estimateUsage } from './estimate-usage.js';
import type { ModelInfo, TokenPrice } from './model-info.js';

/** The most that a call may use. */
export interface CallBound {
  /** Input and output together. */
  readonly tokens: number;
  /** Models without a price count nothing: they are refused unless an administrator has allowed them. */
  readonly cost: PicoUsd;
}

/**
 * Our count of a prompt is an estimate: against o200k it is at most so far below for prose, code and JSON in the languages
 * that `most-of.spec.ts` looks at. Vendors count framing besides, some tokens per message.
 */
const PROMPT_FACTOR = 1.3;
const PROMPT_EXTRA = 50;

/** What the request may at most use on any of the models that may serve it. */
export function mostOf(request: ModelRequest, models: readonly ModelInfo[]): CallBound {
  const counted = estimateUsage(request, '').inputTokens.total;
  const input = Math.ceil(counted * PROMPT_FACTOR) + PROMPT_EXTRA;
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
