import type {
  ModelCapabilities,
  ModelConnection,
  ModelInfo,
} from '../../src/modules/providers/catalogue/model-info.js';

export const TEST_API_KEY = 'key-for-tests';

/** A model for tests of the providers, with a key unless told otherwise. */
export function aModel(
  model: Partial<ModelInfo> & Pick<ModelInfo, 'provider' | 'vendorModel'>,
  connection: ModelConnection,
  capabilities: Partial<ModelCapabilities> = {},
): ModelInfo {
  return {
    id: model.vendorModel,
    connection: { apiKey: { reveal: () => TEST_API_KEY }, ...connection },
    capabilities: {
      tools: true,
      images: true,
      reasoning: false,
      temperature: true,
      api: 'chat',
      ...capabilities,
    },
    ...model,
  };
}
