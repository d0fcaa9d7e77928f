import { loadConfig } from '../../../config/load-config.js';
import { systemClock } from '../../../shared/context/clock.js';
import { ModelCatalogue } from '../catalogue/model-catalogue.js';
import type { ModelRequest } from '../llm-provider.js';
import { modelsFor } from './fallback-chain.js';

const PRICE = { input: 1, output: 2 };
const A_TOOL = { name: 'calculator', description: 'Calculates.', inputSchema: {} };
const AN_IMAGE = { type: 'image', mediaType: 'image/png', base64: 'AAAA' } as const;

describe(modelsFor.name, () => {
  const catalogue = new ModelCatalogue(
    loadConfig({
      AI_PROVIDER: 'openai-compatible',
      AI_BASE_URL: 'http://127.0.0.1:9/v1',
      AI_MODEL: 'main',
      AI_MODELS: JSON.stringify([
        { id: 'main', price: PRICE },
        { id: 'spare', price: PRICE },
        { id: 'toolless', price: PRICE, tools: false },
        { id: 'blind', price: PRICE, images: false },
        { id: 'unpriced' },
        { id: 'small', price: PRICE, context_window: 1_000 },
      ]),
    }).providers,
    systemClock,
  );
  const fallbackModels = ['toolless', 'main', 'blind', 'gone', 'unpriced', 'spare', 'spare'];

  function chain(request: Partial<ModelRequest> = {}, allowUnpricedModels = true): string[] {
    const model = catalogue.find('main')!;
    return modelsFor({ model, messages: [], tools: [], maxOutputTokens: 10, ...request }, catalogue, {
      fallbackModels,
      allowUnpricedModels,
    }).map(({ id }) => id);
  }

  it('starts with the model that was asked for and names each other once, in the configured order', () => {
    expect(chain()).toEqual(['main', 'toolless', 'blind', 'unpriced', 'spare']);
    expect(chain({ model: catalogue.find('spare')! })).toEqual([
      'spare',
      'toolless',
      'main',
      'blind',
      'unpriced',
    ]);
  });

  it('leaves out models without tools when tools are offered', () => {
    expect(chain({ tools: [A_TOOL] })).toEqual(['main', 'blind', 'unpriced', 'spare']);
  });

  it('leaves out models that see no images when the history holds one', () => {
    const messages = [
      { role: 'user', parts: [AN_IMAGE] },
      { role: 'assistant', parts: [{ type: 'text', text: 'A cat.' }] },
    ] as const;

    expect(chain({ messages })).toEqual(['main', 'toolless', 'unpriced', 'spare']);
  });

  it('leaves out models whose window the request is too long for: it was made for another', () => {
    const fallbacks = ['small', 'spare'];
    const model = catalogue.find('main')!;
    const chainFor = (text: string): string[] => {
      const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text }] }];
      const request = { model, messages, tools: [], maxOutputTokens: 200 };
      return modelsFor(request, catalogue, { fallbackModels: fallbacks, allowUnpricedModels: true }).map(
        ({ id }) => id,
      );
    };
    expect(chainFor('a few words')).toEqual(['main', 'small', 'spare']);
    expect(chainFor('a few words '.repeat(300))).toEqual(['main', 'spare']);
  });

  it('leaves out models without a price where those may not be used', () => {
    expect(chain({}, false)).toEqual(['main', 'toolless', 'blind', 'spare']);
  });
});
