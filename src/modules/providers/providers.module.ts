import { Module } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig, ProvidersConfig } from '../../config/app-config.js';
import { ConfigError } from '../../config/load-config.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../shared/context/derived-keys.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { AnthropicProvider } from './anthropic/anthropic.provider.js';
import { AzureProvider } from './azure/azure.provider.js';
import { catalogueFaults } from './catalogue/catalogue-faults.js';
import { ModelCatalogue } from './catalogue/model-catalogue.js';
import { EMBEDDING_PROVIDER_FACTORY, EmbeddingShutdown } from './embeddings/embedding-provider.factory.js';
import { EMBEDDING_PROVIDER } from './embeddings/embedding-provider.js';
import type { LlmProvider } from './llm-provider.js';
import { configuredPlaceholders } from './masking/configured-placeholders.js';
import { MaskingModelClient } from './masking/masking-model-client.js';
import { MODEL_CLIENT } from './model-client.js';
import { OpenAiCompatibleProvider } from './openai-compatible/openai-compatible.provider.js';
import { OpenAiProvider } from './openai/openai.provider.js';
import { providerMetricProviders, ProviderMetrics } from './resilience/provider-metrics.js';
import { ResilientModelClient } from './resilience/resilient-model-client.js';
import { systemTimers } from './resilience/timers.js';
import { ScriptedProvider } from './scripted/scripted.provider.js';

/** The vendors' adapters, a line each; their names and needs stand in `src/config/providers.ts`. */
const ADAPTERS = [AnthropicProvider, OpenAiProvider, AzureProvider, OpenAiCompatibleProvider];

@Module({
  providers: [
    ...ADAPTERS,
    {
      provide: ScriptedProvider,
      inject: [ProvidersConfig],
      useFactory: (config: ProvidersConfig) =>
        new ScriptedProvider({ delayMs: config.scriptedDelayMs, timers: systemTimers }),
    },
    EMBEDDING_PROVIDER_FACTORY,
    EmbeddingShutdown,
    ...providerMetricProviders,
    ProviderMetrics,
    {
      provide: ModelCatalogue,
      inject: [ProvidersConfig, AgentConfig, CLOCK],
      useFactory: (config: ProvidersConfig, agent: AgentConfig, clock: Clock) => {
        const catalogue = new ModelCatalogue(config, clock);
        const faults = catalogueFaults(catalogue, config, agent);
        if (faults.length > 0) throw new ConfigError(faults);
        return catalogue;
      },
    },
    {
      provide: MODEL_CLIENT,
      inject: [
        ModelCatalogue,
        ProvidersConfig,
        CLOCK,
        ProviderMetrics,
        PinoLogger,
        DERIVED_KEYS,
        ScriptedProvider,
        ...ADAPTERS,
      ],
      useFactory: (
        catalogue: ModelCatalogue,
        config: ProvidersConfig,
        clock: Clock,
        metrics: ProviderMetrics,
        logger: PinoLogger,
        keys: DerivedKeys,
        ...providers: readonly LlmProvider[]
      ) => {
        const client = new ResilientModelClient({
          catalogue,
          config,
          clock,
          metrics,
          logger,
          timers: systemTimers,
          random: Math.random,
          providers: new Map(providers.map((provider) => [provider.name, provider])),
        });
        const placeholders = configuredPlaceholders(config, keys);
        return placeholders ? new MaskingModelClient(client, placeholders) : client;
      },
    },
  ],
  exports: [MODEL_CLIENT, EMBEDDING_PROVIDER],
})
export class ProvidersModule {}
