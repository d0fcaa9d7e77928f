import { Inject, Injectable, Optional } from '@nestjs/common';
import OpenAI from 'openai';
import { type Ids, IDS, uuidV7Ids } from '../../../shared/context/ids.js';
import type { LlmProvider, ModelEvent, ModelRequest, StreamOptions } from '../llm-provider.js';
import { streamChat } from '../openai-wire/chat-stream.js';
import { ProviderError } from '../provider-error.js';
import { leanFetch, type LeanFetch, PROVIDER_FETCH } from '../wire/lean-fetch.js';
import { NO_SDK_TIMEOUT_MS } from '../wire/sdk-options.js';

type Connection = ModelRequest['model']['connection'];

/** Servers that copy OpenAI's Chat Completions: Ollama, vLLM, llama.cpp, OpenRouter, DeepSeek and many others. */
@Injectable()
export class OpenAiCompatibleProvider implements LlmProvider {
  readonly name = 'openai-compatible' as const;
  readonly #fetch: LeanFetch;
  readonly #ids: Ids;
  readonly #clients = new WeakMap<Connection, OpenAI>();

  constructor(@Optional() @Inject(PROVIDER_FETCH) fetch?: LeanFetch, @Optional() @Inject(IDS) ids?: Ids) {
    this.#fetch = fetch ?? leanFetch;
    this.#ids = ids ?? uuidV7Ids;
  }

  stream(request: ModelRequest, options: StreamOptions): AsyncIterable<ModelEvent> {
    const call = {
      provider: this.name,
      client: () => this.#clientFor(request.model.connection),
      request,
      options,
      newId: () => this.#ids.next(),
    };
    return streamChat(call, { outputLimit: 'max_tokens', hasStrictIds: false });
  }

  #clientFor(connection: Connection): OpenAI {
    const known = this.#clients.get(connection);
    if (known) return known;
    // There is no public endpoint; a request without an address must not end up at OpenAI.
    if (connection.baseUrl === undefined) throw new ProviderError(this.name, 'not-found');
    const client = new OpenAI({
      // The SDK insists on a key. Servers on the own machine have none: then no header is sent.
      apiKey: connection.apiKey?.reveal() ?? 'none',
      ...(connection.apiKey ? {} : { defaultHeaders: { Authorization: null } }),
      baseURL: connection.baseUrl,
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
