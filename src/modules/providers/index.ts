export type { ModelInfo } from './catalogue/model-info.js';
export type { ModelEvent, ModelRequest, ProviderName } from './llm-provider.js';
export { MODEL_CLIENT, type ModelCallEvent, type ModelClient } from './model-client.js';
export { ProviderError, providerErrorToAppError } from './provider-error.js';
export { ProvidersModule } from './providers.module.js';
