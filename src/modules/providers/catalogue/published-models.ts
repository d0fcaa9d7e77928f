import {
  calcPrice,
  findProvider,
  type MatchLogic,
  type ModelPrice as PublishedPrice,
} from '@pydantic/genai-prices';
import { type PicoUsd, usdFromNumber } from '../../../shared/money/usd.js';
import type { ModelPrice, TokenPrice } from './model-info.js';

/** Vendors whose models and prices are published. Azure sells OpenAI's models under the same names. */
export type PublishingVendor = 'anthropic' | 'openai' | 'azure';

export interface PublishedModel {
  readonly contextWindow?: number;
  readonly price?: ModelPrice;
}

/** Prices are published per million tokens and kept per token. */
const TOKENS_PER_PRICE = 1_000_000n;

/** What is known about a model at a point in time; prices may change on a date. `undefined`: nobody knows the name. */
export function publishedModel(
  vendor: PublishingVendor,
  modelId: string,
  at: Date,
): PublishedModel | undefined {
  const found = calcPrice({}, modelId, { providerId: vendor, timestamp: at });
  if (!found) return undefined;
  const price = toModelPrice(found.model_price);
  return {
    ...(found.model.context_window === undefined ? {} : { contextWindow: found.model.context_window }),
    ...(price ? { price } : {}),
  };
}

/** What the price list holds beside models that chat, and models that their vendor no longer serves. */
const CHAT_MODELS: Record<'anthropic' | 'openai', RegExp> = {
  anthropic: /^claude-(?!2|3|v1|instant)/,
  openai:
    /^(?:gpt-(?:4\.1|4o|[5-9])|o[134])(?!.*(?:audio|realtime|transcribe|tts|image|search|preview|ft-|:|deep-research))/,
};

/** Chat models that a vendor offers today, by their canonical names. */
export function publishedChatModels(vendor: 'anthropic' | 'openai'): string[] {
  const models = findProvider({ providerId: vendor })?.models ?? [];
  return models
    .filter((model) => !model.deprecated && CHAT_MODELS[vendor].test(model.id))
    .map((model) => model.id);
}

/**
 * Other names of those models (dated snapshots, variants). Only names that are written out: a prefix would let callers
 * make up as many model names as they like.
 */
export function publishedAliases(vendor: 'anthropic' | 'openai'): string[] {
  const models = findProvider({ providerId: vendor })?.models ?? [];
  return models
    .filter((model) => !model.deprecated && CHAT_MODELS[vendor].test(model.id))
    .flatMap((model) => writtenOut(model.match))
    .filter((name) => CHAT_MODELS[vendor].test(name));
}

function writtenOut(match: MatchLogic): string[] {
  if ('equals' in match) return [match.equals];
  if ('or' in match) return match.or.flatMap(writtenOut);
  return [];
}

function toModelPrice(published: PublishedPrice): ModelPrice | undefined {
  const base = priceAt(published, 0);
  if (!base) return undefined;
  const starts = new Set<number>();
  for (const figure of Object.values(published)) {
    if (typeof figure === 'object') for (const tier of figure.tiers) starts.add(tier.start);
  }
  const tiers = [...starts]
    .sort((a, b) => a - b)
    .flatMap((start) => {
      const price = priceAt(published, start);
      return price ? [{ ...price, aboveInputTokens: start }] : [];
    });
  return tiers.length === 0 ? base : { ...base, tiers };
}

function priceAt(published: PublishedPrice, tierStart: number): TokenPrice | undefined {
  const figure = (key: string): PicoUsd | undefined => {
    const value = published[key];
    if (value === undefined) return undefined;
    if (typeof value === 'number') return perToken(value);
    const tier = value.tiers.filter(({ start }) => start <= tierStart).sort((a, b) => b.start - a.start)[0];
    return perToken(tierStart > 0 && tier ? tier.price : value.base);
  };
  const input = figure('input_mtok');
  const output = figure('output_mtok');
  if (input === undefined || output === undefined) return undefined;
  const cacheRead = figure('cache_read_mtok');
  const cacheWrite = figure('cache_write_mtok');
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}

function perToken(usdPerMillion: number): PicoUsd {
  return usdFromNumber(usdPerMillion) / TOKENS_PER_PRICE;
}
