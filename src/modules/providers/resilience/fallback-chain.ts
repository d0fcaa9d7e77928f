import type { ModelCatalogue } from '../catalogue/model-catalogue.js';
import type { ModelInfo } from '../catalogue/model-info.js';
import type { ModelRequest } from '../llm-provider.js';

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
    chain.push(model);
  }
  return chain;
}
