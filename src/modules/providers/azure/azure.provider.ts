import { Inject, Injectable, Optional } from '@nestjs/common';
import { AzureOpenAI } from 'openai';
import { type Ids, IDS, uuidV7Ids } from '../../../shared/context/ids.js';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { streamChat } from '../openai-wire/chat-stream.js';
import { ProviderError } from '../provider-error.js';
import { leanFetch, type LeanFetch, PROVIDER_FETCH } from '../wire/lean-fetch.js';
import { NO_SDK_TIMEOUT_MS } from '../wire/sdk-options.js';

type Connection = ModelRequest['model']['connection'];

/** The first stable version that streams usage. */
const DEFAULT_API_VERSION = '2024-10-21';

/** Azure OpenAI: Chat Completions of a deployment, which `vendorModel` names. */
@Injectable()
export class AzureProvider implements LlmProvider {
  readonly name = 'azure' as const;
  readonly #fetch: LeanFetch;
  readonly #ids: Ids;
  readonly #clients = new WeakMap<Connection, AzureOpenAI>();

  constructor(@Optional() @Inject(PROVIDER_FETCH) fetch?: LeanFetch, @Optional() @Inject(IDS) ids?: Ids) {
    this.#fetch = fetch ?? leanFetch;
    this.#ids = ids ?? uuidV7Ids;
  }

  stream(request: ModelRequest, options: StreamOptions): AsyncIterable<ModelEvent> {
    const { capabilities, connection } = request.model;
    const call = {
      provider: this.name,
      client: () => this.#clientFor(connection),
      request,
      options,
      newId: () => this.#ids.next(),
    };
    // Reasoning models refuse the old name, older deployments do not know the new one.
    const isReasoning = capabilities.reasoning || !capabilities.temperature;
    return streamChat(call, {
      outputLimit: isReasoning ? 'max_completion_tokens' : 'max_tokens',
      hasStrictIds: true,
    });
  }

  #clientFor(connection: Connection): AzureOpenAI {
    const known = this.#clients.get(connection);
    if (known) return known;
    if (!connection.apiKey) throw new ProviderError(this.name, 'authentication');
    if (connection.baseUrl === undefined) throw new ProviderError(this.name, 'not-found');
    const client = new AzureOpenAI({
      apiKey: connection.apiKey.reveal(),
      // As the SDK would derive it from `endpoint`, which gives way to an environment variable of its own.
      baseURL: `${connection.baseUrl.replace(/(\/openai)?\/*$/, '')}/openai`,
      apiVersion: connection.apiVersion ?? DEFAULT_API_VERSION,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: NO_SDK_TIMEOUT_MS,
      fetch: this.#fetch,
      logLevel: 'off',
    });
    this.#clients.set(connection, client);
    return client;
  }
}
