import { type FactoryProvider, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ProvidersConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { publishedModel } from '../catalogue/published-models.js';
import { leanFetch } from '../wire/lean-fetch.js';
import { EMBEDDING_PROVIDER, type EmbeddingProvider } from './embedding-provider.js';
import { LocalEmbeddingProvider } from './local/local-embedding.provider.js';
import { OpenAiCompatibleEmbeddingProvider } from './openai-compatible/openai-compatible-embedding.provider.js';

/** The one that AI_EMBEDDING_PROVIDER names. Its price is the configured one, else the published one of that name. */
export const EMBEDDING_PROVIDER_FACTORY: FactoryProvider<EmbeddingProvider> = {
  provide: EMBEDDING_PROVIDER,
  inject: [ProvidersConfig, CLOCK],
  useFactory: ({ embeddings }: ProvidersConfig, clock: Clock) => {
    if (embeddings.provider === 'local') return new LocalEmbeddingProvider();
    const published = publishedModel('openai', embeddings.model, clock.now())?.price?.input;
    return new OpenAiCompatibleEmbeddingProvider(
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
