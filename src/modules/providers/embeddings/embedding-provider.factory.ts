import { type FactoryProvider, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ProvidersConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../../shared/context/derived-keys.js';
import { publishedModel } from '../catalogue/published-models.js';
import { configuredPlaceholders } from '../masking/configured-placeholders.js';
import { MaskingEmbeddingProvider } from '../masking/masking-embedding-provider.js';
import { leanFetch } from '../wire/lean-fetch.js';
import { EMBEDDING_PROVIDER, type EmbeddingProvider } from './embedding-provider.js';
import { LocalEmbeddingProvider } from './local/local-embedding.provider.js';
import { OpenAiCompatibleEmbeddingProvider } from './openai-compatible/openai-compatible-embedding.provider.js';

/**
 * The one that AI_EMBEDDING_PROVIDER names. Its price is the configured one, else the published one of that name. A vendor
 * sees no personal data that is to be masked.
 */
export const EMBEDDING_PROVIDER_FACTORY: FactoryProvider<EmbeddingProvider> = {
  provide: EMBEDDING_PROVIDER,
  inject: [ProvidersConfig, CLOCK, DERIVED_KEYS],
  useFactory: (config: ProvidersConfig, clock: Clock, keys: DerivedKeys) => {
    const { embeddings } = config;
    if (embeddings.provider === 'local') return new LocalEmbeddingProvider();
    const published = publishedModel('openai', embeddings.model, clock.now())?.price?.input;
    const provider = new OpenAiCompatibleEmbeddingProvider(
      {
        ...embeddings,
        pricePerToken: embeddings.pricePerToken ?? published,
        priceVersion:
          embeddings.pricePerToken !== undefined
            ? `configured:${embeddings.pricePerToken}`
            : published !== undefined
              ? `published:${published}`
              : undefined,
      },
      leanFetch,
    );
    const placeholders = configuredPlaceholders(config, keys);
    return placeholders ? new MaskingEmbeddingProvider(provider, placeholders) : provider;
  },
};

/** Ends the local model's thread with the process. */
@Injectable()
export class EmbeddingShutdown implements OnApplicationShutdown {
  constructor(@Inject(EMBEDDING_PROVIDER) private readonly provider: EmbeddingProvider) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.provider instanceof LocalEmbeddingProvider) await this.provider.stop();
  }
}
