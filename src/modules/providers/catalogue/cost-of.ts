import type { Usage } from '../../../shared/llm/usage.js';
import type { PicoUsd } from '../../../shared/money/usd.js';
import type { ModelInfo, ModelPrice, TokenPrice } from './model-info.js';

/** Exact price of a call; `undefined` where the model's price is unknown, which is not free. */
export function costOf(model: ModelInfo, usage: Usage): PicoUsd | undefined {
  if (!model.price) return undefined;
  const { total, cacheRead = 0, cacheWrite = 0 } = usage.inputTokens;
  const price = priceFor(model.price, total);
  // A vendor whose figures contradict each other must not get a negative count.
  const uncached = Math.max(0, total - cacheRead - cacheWrite);
  return (
    BigInt(uncached) * price.input +
    BigInt(cacheRead) * (price.cacheRead ?? price.input) +
    BigInt(cacheWrite) * (price.cacheWrite ?? price.input) +
    BigInt(usage.outputTokens.total) * price.output
  );
}

function priceFor(price: ModelPrice, inputTokens: number): TokenPrice {
  return price.tiers?.findLast((tier) => inputTokens > tier.aboveInputTokens) ?? price;
}
