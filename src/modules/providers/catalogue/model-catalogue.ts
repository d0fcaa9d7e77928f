import { createHash } from 'node:crypto';
import type { ProviderConnectionConfig, ProvidersConfig } from '../../../config/app-config.js';
import type { ConfiguredModel } from '../../../config/models.schema.js';
import type { Clock } from '../../../shared/context/clock.js';
import { parseUsd, type PicoUsd, usdFromNumber } from '../../../shared/money/usd.js';
import type { ProviderName } from '../provider-name.js';
import { capabilitiesOf } from './model-capabilities.js';
import type { ModelCapabilities, ModelConnection, ModelInfo, ModelPrice } from './model-info.js';
import { publishedAliases, publishedChatModels, publishedModel } from './published-models.js';

const SCRIPTED_CONTEXT_WINDOW = 128_000;
const FREE: ModelPrice = { input: 0n, output: 0n };
const TOKENS_PER_PRICE = 1_000_000n;
/** Prices may change on a date while the process runs. */
const FACTS_HOLD_MS = 3_600_000;

/**
 * Every model that may be asked for: the default, those of AI_MODELS, and the published chat models of Anthropic and
 * OpenAI where there is a key for them. The set of names is fixed at start-up.
 */
export class ModelCatalogue {
  readonly #entries = new Map<string, ConfiguredModel>();
  /** In the order of `list()`. */
  readonly #listed: string[];
  readonly #known: ReadonlyMap<string, ProviderName>;
  /** The adapters keep a client per connection object, so each model keeps its own. */
  readonly #connections = new Map<string, ModelConnection>();
  #models = new Map<string, ModelInfo>();
  #modelsMadeAt: number;

  constructor(
    private readonly config: ProvidersConfig,
    private readonly clock: Clock,
  ) {
    this.#modelsMadeAt = clock.monotonicMs();
    for (const entry of config.models) this.#entries.set(entry.id, entry);
    const known = new Map<string, ProviderName>();
    const listed: string[] = [];
    const add = (id: string, provider: ProviderName, isListed: boolean): void => {
      if (!known.has(id)) known.set(id, provider);
      if (isListed) listed.push(id);
    };
    const vendors = (['anthropic', 'openai'] as const).filter((vendor) => config.connections[vendor].apiKey);
    const published = vendors.map((vendor) => [vendor, publishedChatModels(vendor)] as const);
    add(
      config.defaultModel,
      this.#entries.get(config.defaultModel)?.provider ?? config.defaultProvider,
      true,
    );
    for (const entry of config.models) add(entry.id, this.#providerOf(entry), true);
    for (const [vendor, ids] of published) for (const id of ids) add(id, vendor, true);
    for (const vendor of vendors) for (const id of publishedAliases(vendor)) add(id, vendor, false);
    const fallbacks = config.fallbackModels.filter((id) => known.has(id));
    this.#known = known;
    this.#listed = [...new Set([config.defaultModel, ...fallbacks, ...listed])];
  }

  /** `undefined`: there is no such model here. */
  find(modelId: string): ModelInfo | undefined {
    const provider = this.#known.get(modelId);
    if (!provider) return undefined;
    const now = this.clock.monotonicMs();
    if (now - this.#modelsMadeAt > FACTS_HOLD_MS) {
      this.#models = new Map();
      this.#modelsMadeAt = now;
    }
    let model = this.#models.get(modelId);
    if (!model) {
      model = this.#describe(modelId, provider);
      this.#models.set(modelId, model);
    }
    return model;
  }

  /** The default model first, then the fallbacks, then AI_MODELS, then what is published. */
  list(): readonly ModelInfo[] {
    return this.#listed.flatMap((id) => this.find(id) ?? []);
  }

  #describe(id: string, provider: ProviderName): ModelInfo {
    const entry = this.#entries.get(id);
    const vendorModel = this.#vendorModel(id, provider, entry);
    const facts = this.#facts(id, provider, entry);
    const price = entry?.price ? toModelPrice(entry.price) : facts.price;
    const contextWindow = entry?.context_window ?? facts.contextWindow;
    return {
      id,
      provider,
      vendorModel,
      connection: this.#connection(id, provider, entry),
      ...(contextWindow === undefined ? {} : { contextWindow }),
      ...(entry?.max_output_tokens === undefined ? {} : { maxOutputTokens: entry.max_output_tokens }),
      ...(price ? { price, priceVersion: versionOf(price, entry?.price ? 'configured' : 'published') } : {}),
      capabilities: this.#capabilities(id, provider, entry),
      ...(entry?.stall_timeout_ms === undefined ? {} : { stallTimeoutMs: entry.stall_timeout_ms }),
    };
  }

  #facts(
    id: string,
    provider: ProviderName,
    entry: ConfiguredModel | undefined,
  ): { contextWindow?: number; price?: ModelPrice } {
    if (provider === 'scripted') return { contextWindow: SCRIPTED_CONTEXT_WINDOW, price: FREE };
    if (provider === 'openai-compatible') return {};
    const now = this.clock.now();
    return (
      publishedModel(provider, id, now) ??
      (entry?.vendor_model ? publishedModel(provider, entry.vendor_model, now) : undefined) ??
      {}
    );
  }

  #capabilities(id: string, provider: ProviderName, entry: ConfiguredModel | undefined): ModelCapabilities {
    const byName = capabilitiesOf(provider, entry?.vendor_model ?? id);
    return {
      tools: entry?.tools ?? byName.tools,
      images: entry?.images ?? byName.images,
      reasoning: entry?.reasoning ?? byName.reasoning,
      temperature: entry?.temperature ?? byName.temperature,
      api: entry?.api ?? byName.api,
    };
  }

  #vendorModel(id: string, provider: ProviderName, entry: ConfiguredModel | undefined): string {
    if (provider !== 'azure') return entry?.vendor_model ?? id;
    const isDefault = id === this.config.defaultModel;
    return (
      entry?.deployment ?? entry?.vendor_model ?? (isDefault ? this.config.azureDeployment : undefined) ?? id
    );
  }

  #connection(id: string, provider: ProviderName, entry: ConfiguredModel | undefined): ModelConnection {
    const existing = this.#connections.get(id);
    if (existing) return existing;
    const shared: ProviderConnectionConfig = this.config.connections[provider];
    const apiKey = entry?.api_key_env ? this.config.modelKeys.get(entry.api_key_env) : shared.apiKey;
    const baseUrl = entry?.base_url ?? shared.baseUrl;
    const connection: ModelConnection = {
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(provider === 'azure' ? { apiVersion: entry?.api_version ?? this.config.azureApiVersion } : {}),
    };
    this.#connections.set(id, connection);
    return connection;
  }

  /** For an entry that names no provider: the default one, unless the name or the address says otherwise. */
  #providerOf(entry: ConfiguredModel): ProviderName {
    const { defaultProvider, connections } = this.config;
    if (entry.provider) return entry.provider;
    if (entry.deployment) return 'azure';
    if (entry.base_url) return defaultProvider === 'scripted' ? 'openai-compatible' : defaultProvider;
    if (defaultProvider === 'azure') return defaultProvider;
    const now = this.clock.now();
    const publishers = (['anthropic', 'openai'] as const).filter(
      (vendor) => connections[vendor].apiKey && publishedModel(vendor, entry.id, now),
    );
    return publishers.find((vendor) => vendor === defaultProvider) ?? publishers[0] ?? defaultProvider;
  }
}

function versionOf(price: ModelPrice, source: 'configured' | 'published'): string {
  const figures = JSON.stringify(price, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return `${source}:${createHash('sha256').update(figures).digest('hex').slice(0, 12)}`;
}

function toModelPrice(price: NonNullable<ConfiguredModel['price']>): ModelPrice {
  return {
    input: perToken(price.input),
    output: perToken(price.output),
    ...(price.cache_read === undefined ? {} : { cacheRead: perToken(price.cache_read) }),
    ...(price.cache_write === undefined ? {} : { cacheWrite: perToken(price.cache_write) }),
  };
}

function perToken(usdPerMillion: number | string): PicoUsd {
  const perMillion =
    typeof usdPerMillion === 'string' ? parseUsd(usdPerMillion) : usdFromNumber(usdPerMillion);
  return perMillion / TOKENS_PER_PRICE;
}
