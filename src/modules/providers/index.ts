export {
  EMBEDDING_PROVIDER,
  type EmbeddingProvider,
  type EmbeddingVendor,
  type Embeddings,
  MAX_TEXTS,
} from './embeddings/embedding-provider.js';
export type { ModelInfo } from './catalogue/model-info.js';
export type { ModelEvent, ModelRequest } from './llm-provider.js';
export type { ProviderName } from './provider-name.js';
export { MODEL_CLIENT, type ModelCallEvent, type ModelClient } from './model-client.js';
export { ProviderError, providerErrorToAppError } from './provider-error.js';
export { ProvidersModule } from './providers.module.js';
export { countTextTokens, countTokens, estimateMessage, estimateTools } from './tokens/estimate-tokens.js';
