import { ESTIMATE_MARGIN } from '../catalogue/most-of.js';
import type { ModelCatalogue } from '../catalogue/model-catalogue.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelRequest } from '../llm-provider.js';
import { estimateRequest } from '../tokens/estimate-tokens.js';

/** The models that may serve a request, the one asked for first. A fallback must be able to do what the request needs. */
export function modelsFor(
  request: ModelRequest,
  catalogue: ModelCatalogue,
  rules: { readonly fallbackModels: readonly string[]; readonly allowUnpricedModels: boolean },
): readonly ModelInfo[] {
  const needsTools = request.tools.length > 0;
  const needsImages = request.messages.some((message) => message.parts.some((part) => part.type === 'image'));
  const chain = [request.model];
  for (const id of rules.fallbackModels) {
    const model = catalogue.find(id);
    if (!model || chain.some((other) => other.id === model.id)) continue;
    if (needsTools && !model.capabilities.tools) continue;
    if (needsImages && !model.capabilities.images) continue;
    if (!rules.allowUnpricedModels && !model.price) continue;
    if (!hasRoomFor(request, model)) continue;
    chain.push(model);
  }
  return chain;
}

/** The request was made for the window of the model that was asked for. */
function hasRoomFor(request: ModelRequest, model: ModelInfo): boolean {
  const { contextWindow, maxOutputTokens = Infinity } = model;
  if (contextWindow === undefined || contextWindow >= (request.model.contextWindow ?? Infinity)) return true;
  const input = estimateRequest({ ...request, model }) * ESTIMATE_MARGIN;
  return input + Math.min(request.maxOutputTokens, maxOutputTokens) <= contextWindow;
}
