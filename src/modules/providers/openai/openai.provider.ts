import { Inject, Injectable, Optional } from '@nestjs/common';
import OpenAI from 'openai';
import { type Ids, IDS, uuidV7Ids } from '../../../shared/context/ids.js';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { streamChat } from '../openai-wire/chat-stream.js';
import { streamResponses } from '../openai-wire/responses-stream.js';
import { ProviderError } from '../provider-error.js';
import { leanFetch, type LeanFetch, PROVIDER_FETCH } from '../wire/lean-fetch.js';
import { NO_SDK_TIMEOUT_MS } from '../wire/sdk-options.js';

type Connection = ModelRequest['model']['connection'];

const PUBLIC_URL = 'https://api.openai.com/v1';

/** OpenAI over the official SDK: the Responses API for the models that want it, Chat Completions for the others. */
@Injectable()
export class OpenAiProvider implements LlmProvider {
  readonly name = 'openai' as const;
  readonly #fetch: LeanFetch;
  readonly #ids: Ids;
  readonly #clients = new WeakMap<Connection, OpenAI>();

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
    if (capabilities.api === 'responses') return streamResponses(call);
    // OpenAI itself has retired `max_tokens`; its reasoning models refuse it wherever they are served.
    const isRetired = connection.baseUrl === undefined || capabilities.reasoning || !capabilities.temperature;
    return streamChat(call, {
      outputLimit: isRetired ? 'max_completion_tokens' : 'max_tokens',
      hasStrictIds: true,
      hasCacheKeys: true,
    });
  }

  #clientFor(connection: Connection): OpenAI {
    const known = this.#clients.get(connection);
    if (known) return known;
    if (!connection.apiKey) throw new ProviderError(this.name, 'authentication');
    const client = new OpenAI({
      apiKey: connection.apiKey.reveal(),
      baseURL: connection.baseUrl ?? PUBLIC_URL,
      // Given, so that the SDK does not look for them in environment variables of its own.
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
