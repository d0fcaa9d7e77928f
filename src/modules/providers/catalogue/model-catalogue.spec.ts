import type { ProvidersConfig } from '../../../config/app-config.js';
import { loadConfig } from '../../../config/load-config.js';
import type { Clock } from '../../../shared/context/clock.js';
import type { Usage } from '../../../shared/llm/usage.js';
import { parseUsd } from '../../../shared/money/usd.js';
import { catalogueFaults } from './catalogue-faults.js';
import { costOf } from './cost-of.js';
import { ModelCatalogue } from './model-catalogue.js';
import type { ModelInfo } from './model-info.js';

const KEY = 'sk-1234567890abcdefghij';

function aCatalogue(
  environment: Record<string, string>,
  clock: Clock = { now: () => new Date('2026-06-01T12:00:00Z'), monotonicMs: () => 0 },
): { catalogue: ModelCatalogue; config: ProvidersConfig; faults: string[] } {
  const config = loadConfig(environment);
  const catalogue = new ModelCatalogue(config.providers, clock);
  return {
    catalogue,
    config: config.providers,
    faults: catalogueFaults(catalogue, config.providers, config.agent),
  };
}

function find(environment: Record<string, string>, id: string): ModelInfo {
  const model = aCatalogue(environment).catalogue.find(id);
  if (!model) throw new Error(`no ${id}`);
  return model;
}

function tokens(input: number, output: number, cacheRead?: number, cacheWrite?: number): Usage {
  return {
    inputTokens: { total: input, ...(cacheRead ? { cacheRead } : {}), ...(cacheWrite ? { cacheWrite } : {}) },
    outputTokens: { total: output },
    source: 'measured',
  };
}

describe(ModelCatalogue.name, () => {
  it('offers the scripted model alone, free of charge, when nothing is configured', () => {
    const { catalogue, faults } = aCatalogue({});

    expect(catalogue.list()).toMatchObject([
      { id: 'scripted', provider: 'scripted', contextWindow: 128_000, price: { input: 0n, output: 0n } },
    ]);
    expect(catalogue.find('gpt-5-mini')).toBeUndefined();
    expect(faults).toEqual([]);
  });

  it('lists the default first, then fallbacks, AI_MODELS and what the vendors with a key publish', () => {
    const { catalogue } = aCatalogue({
      AI_PROVIDER: 'anthropic',
      AI_API_KEY: KEY,
      AI_FALLBACK_MODELS: 'local,claude-haiku-4-5',
      AI_MODELS: JSON.stringify([
        { id: 'other', provider: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' },
        { id: 'local', provider: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' },
      ]),
    });
    const ids = catalogue.list().map((model) => model.id);

    expect(ids.slice(0, 4)).toEqual(['claude-sonnet-4-5', 'local', 'claude-haiku-4-5', 'other']);
    expect(ids.slice(4)).toContain('claude-opus-4-5');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => /^gpt|^o3/.test(id))).toEqual([]);
  });

  it('knows dated names that are published, and makes up no model from a prefix', () => {
    const { catalogue } = aCatalogue({ AI_PROVIDER: 'openai', AI_API_KEY: KEY });

    expect(catalogue.find('gpt-4o-2024-11-20')).toMatchObject({ provider: 'openai', contextWindow: 128_000 });
    expect(catalogue.find('gpt-5-nano-made-up')).toBeUndefined();
    expect(catalogue.find('whisper-1')).toBeUndefined();
    expect(catalogue.find('__proto__')).toBeUndefined();
  });

  it('accepts a default model that no price list knows, without a price', () => {
    const model = find({ AI_PROVIDER: 'openai', AI_API_KEY: KEY, AI_MODEL: 'brand-new' }, 'brand-new');

    expect(model).toMatchObject({ id: 'brand-new', vendorModel: 'brand-new', provider: 'openai' });
    expect(model.price).toBeUndefined();
    expect(costOf(model, tokens(1, 1))).toBeUndefined();
  });

  it('takes prices exactly, from the list and from AI_MODELS, and 0 as a known price', () => {
    const environment = {
      AI_PROVIDER: 'openai',
      AI_API_KEY: KEY,
      AI_MODELS: JSON.stringify([
        { id: 'mine', price: { input: '0.123456', output: 0.3, cache_read: 0 } },
        { id: 'free', price: { input: 0, output: 0 } },
      ]),
    };

    expect(find(environment, 'gpt-5-mini').price).toEqual({
      input: 250_000n,
      output: 2_000_000n,
      cacheRead: 25_000n,
    });
    expect(find(environment, 'mine').price).toEqual({ input: 123_456n, output: 300_000n, cacheRead: 0n });
    expect(costOf(find(environment, 'free'), tokens(1000, 1000))).toBe(0n);
  });

  it('charges cached input at its own price and the rest as input', () => {
    const model = find({ AI_PROVIDER: 'anthropic', AI_API_KEY: KEY }, 'claude-haiku-4-5');

    // 100 x $1 + 600 x $0.10 + 300 x $1.25 + 50 x $5, per million.
    expect(costOf(model, tokens(1000, 50, 600, 300))).toBe(parseUsd('0.000785'));
    const { input, output } = model.price!;
    expect(costOf({ ...model, price: { input, output } }, tokens(1000, 50, 600, 300))).toBe(
      parseUsd('0.00125'),
    );
  });

  it('charges a long call wholly at the long-context price', () => {
    const model = find({ AI_PROVIDER: 'anthropic', AI_API_KEY: KEY }, 'claude-sonnet-4-5');

    expect(costOf(model, tokens(200_000, 1000))).toBe(parseUsd('0.615'));
    expect(costOf(model, tokens(200_001, 1000))).toBe(parseUsd('1.222506'));
  });

  it('follows a price that changes on a date while it runs', () => {
    let at = new Date('2025-06-09T23:30:00Z');
    let elapsed = 0;
    const { catalogue } = aCatalogue(
      { AI_PROVIDER: 'openai', AI_API_KEY: KEY },
      { now: () => at, monotonicMs: () => elapsed },
    );
    expect(catalogue.find('o3')?.price?.input).toBe(10_000_000n);

    at = new Date('2025-06-10T01:00:00Z');
    elapsed = 5_400_000;

    expect(catalogue.find('o3')?.price?.input).toBe(2_000_000n);
  });

  it.each([
    ['gpt-5-mini', { reasoning: true, temperature: false, api: 'chat' }],
    ['gpt-5-chat', { reasoning: false, temperature: true, api: 'chat' }],
    ['gpt-5-pro', { temperature: false, api: 'responses' }],
    ['gpt-5.1-codex-max', { temperature: false, api: 'responses' }],
    ['o4-mini', { reasoning: true, temperature: false, api: 'chat' }],
    ['gpt-4o', { reasoning: false, temperature: true, api: 'chat', images: true }],
  ])('knows what %s can do', (id, capabilities) => {
    expect(find({ AI_PROVIDER: 'openai', AI_API_KEY: KEY }, id).capabilities).toMatchObject(capabilities);
  });

  it.each([
    ['claude-3-7-sonnet-latest', true],
    ['claude-opus-4', true],
    ['claude-opus-4-20250514', true],
    ['claude-opus-4-1-20250805', true],
    ['claude-haiku-4-5', true],
    ['claude-opus-4-6', true],
    ['claude-4.6-opus', true],
    ['claude-opus-4-7', false],
    ['claude-opus-4-8-20260101', false],
    ['claude-opus-4-10', false],
    ['claude-4.7-opus', false],
    ['claude-opus-5', false],
    ['claude-opus-5-5', false],
    ['claude-sonnet-5', false],
    ['claude-fable-5-1', false],
    ['claude-not-yet-released', false],
    ['some-gateway-model', true],
  ])('knows whether %s takes a temperature: %p', (id, temperature) => {
    const model = find({ AI_PROVIDER: 'anthropic', AI_API_KEY: KEY, AI_MODEL: id }, id);

    expect(model.capabilities.temperature).toBe(temperature);
  });

  it('lets AI_MODELS overrule everything', () => {
    const environment = {
      AI_PROVIDER: 'openai',
      AI_API_KEY: KEY,
      GATEWAY_KEY: 'gk-abcdefghijklmnop',
      AI_MODELS: JSON.stringify([
        {
          id: 'gpt-5-mini',
          vendor_model: 'mini',
          base_url: 'http://127.0.0.1:9/v1',
          api_key_env: 'GATEWAY_KEY',
          context_window: 10,
          max_output_tokens: 5,
          temperature: true,
          tools: false,
          api: 'responses',
          stall_timeout_ms: 7,
        },
      ]),
    };
    const model = find(environment, 'gpt-5-mini');

    expect(model).toMatchObject({
      vendorModel: 'mini',
      contextWindow: 10,
      maxOutputTokens: 5,
      stallTimeoutMs: 7,
      connection: { baseUrl: 'http://127.0.0.1:9/v1' },
      capabilities: { temperature: true, tools: false, api: 'responses' },
      price: { input: 250_000n },
    });
    expect(model.connection.apiKey?.reveal()).toBe('gk-abcdefghijklmnop');
  });

  it('addresses Azure by deployment and prices it by model', () => {
    const environment = {
      AI_PROVIDER: 'azure',
      AI_API_KEY: KEY,
      AI_BASE_URL: 'https://perch.openai.azure.com',
      AI_MODEL: 'gpt-4o',
      AI_AZURE_DEPLOYMENT: 'prod-4o',
      AI_AZURE_API_VERSION: '2025-01-01-preview',
      AI_MODELS: JSON.stringify([
        { id: 'gpt-4o-mini', deployment: 'prod-mini', api_version: '2024-10-21' },
        { id: 'gpt-4.1' },
      ]),
    };

    expect(find(environment, 'gpt-4o')).toMatchObject({
      vendorModel: 'prod-4o',
      connection: { apiVersion: '2025-01-01-preview' },
      price: { input: 2_500_000n },
    });
    expect(find(environment, 'gpt-4o-mini')).toMatchObject({
      provider: 'azure',
      vendorModel: 'prod-mini',
      connection: { apiVersion: '2024-10-21' },
    });
    // AI_AZURE_DEPLOYMENT is the default model's alone.
    expect(find(environment, 'gpt-4.1').vendorModel).toBe('gpt-4.1');
  });

  it('takes no published price for a compatible server, whatever its model is called', () => {
    const environment = {
      AI_PROVIDER: 'openai-compatible',
      AI_BASE_URL: 'http://127.0.0.1:9/v1',
      AI_MODEL: 'gpt-4o',
    };

    expect(find(environment, 'gpt-4o').price).toBeUndefined();
  });

  it('keeps one connection object per model, so that adapters keep their clients', () => {
    let elapsed = 0;
    const { catalogue } = aCatalogue({}, { now: () => new Date(), monotonicMs: () => elapsed });
    const before = catalogue.find('scripted');
    elapsed = 10_000_000;

    expect(catalogue.find('scripted')?.connection).toBe(before?.connection);
  });

  it('names every model of the configuration that leads nowhere', () => {
    const { faults } = aCatalogue({
      AI_FALLBACK_MODELS: 'nowhere',
      AI_AZURE_API_KEY: KEY,
      AI_MODELS: JSON.stringify([
        { id: 'claude-x', provider: 'anthropic' },
        { id: 'gpt-x', provider: 'openai', base_url: 'http://127.0.0.1:9/v1' },
        { id: 'here', provider: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' },
        { id: 'there', provider: 'openai-compatible' },
        { id: 'prod-4o', provider: 'azure' },
      ]),
      PERCH_AGENTS: JSON.stringify([{ name: 'research', model: 'gone' }]),
    });

    expect(faults).toEqual([
      'AI_MODELS: claude-x has no key for anthropic',
      'AI_MODELS: gpt-x has no key for openai',
      'AI_MODELS: there has no address for openai-compatible',
      'AI_MODELS: prod-4o has no address for azure',
      'AI_FALLBACK_MODELS: there is no model nowhere here',
      'PERCH_AGENTS: research: there is no model gone here',
    ]);
  });
});
