import Anthropic from '@anthropic-ai/sdk';
import type { MessageCreateParamsStreaming } from '@anthropic-ai/sdk/resources/messages';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { type Ids, IDS, uuidV7Ids } from '../../../shared/context/ids.js';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { ProviderError } from '../provider-error.js';
import { leanFetch, type LeanFetch, PROVIDER_FETCH } from '../wire/lean-fetch.js';
import { NO_SDK_TIMEOUT_MS } from '../wire/sdk-options.js';
import { streamModelEvents } from '../wire/stream-model-events.js';
import { AnthropicStreamMapper } from './from-anthropic-stream.js';
import { mapAnthropicError } from './map-anthropic-error.js';
import { toAnthropicRequest } from './to-anthropic-request.js';

type Connection = ModelRequest['model']['connection'];

const PUBLIC_URL = 'https://api.anthropic.com';

/** Anthropic Messages over the official SDK: it builds, signs and sends the request; the stream is read here. */
@Injectable()
export class AnthropicProvider implements LlmProvider {
  readonly name = 'anthropic' as const;
  readonly #fetch: LeanFetch;
  readonly #ids: Ids;
  readonly #clients = new WeakMap<Connection, Anthropic>();

  constructor(@Optional() @Inject(PROVIDER_FETCH) fetch?: LeanFetch, @Optional() @Inject(IDS) ids?: Ids) {
    this.#fetch = fetch ?? leanFetch;
    this.#ids = ids ?? uuidV7Ids;
  }

  stream(request: ModelRequest, options: StreamOptions): AsyncIterable<ModelEvent> {
    return streamModelEvents(
      {
        provider: this.name,
        // Not `messages.create`, which prints a warning per call for every model that has an end-of-life date.
        send: async (signal) => {
          const body: MessageCreateParamsStreaming = toAnthropicRequest(request);
          return this.#clientFor(request.model.connection)
            .post('/v1/messages', { body, signal, stream: true })
            .asResponse();
        },
        mapper: new AnthropicStreamMapper(() => this.#ids.next()),
        toProviderError: mapAnthropicError,
      },
      options,
    );
  }

  #clientFor(connection: Connection): Anthropic {
    const known = this.#clients.get(connection);
    if (known) return known;
    // Without this the SDK would look for credentials in its own environment variables and files.
    if (!connection.apiKey) throw new ProviderError(this.name, 'authentication');
    const apiKey = connection.apiKey.reveal();
    const client = new Anthropic({
      apiKey,
      // The SDK sends the key as a Bearer token; gateways and older servers look for it here.
      defaultHeaders: { 'x-api-key': apiKey },
      baseURL: connection.baseUrl ?? PUBLIC_URL,
      maxRetries: 0,
      timeout: NO_SDK_TIMEOUT_MS,
      fetch: this.#fetch,
      logLevel: 'off',
    });
    this.#clients.set(connection, client);
    return client;
  }
}
