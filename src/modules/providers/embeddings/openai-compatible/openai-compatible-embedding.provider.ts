import OpenAI from 'openai';
import { countTextTokens } from '../../tokens/estimate-tokens.js';
import {
  boundedTexts,
  type EmbeddingProvider,
  type Embeddings,
  type EmbeddingVendor,
} from '../embedding-provider.js';
import { mapOpenAiError } from '../../openai-wire/map-openai-error.js';
import { ProviderError } from '../../provider-error.js';
import type { LeanFetch } from '../../wire/lean-fetch.js';
import { NO_SDK_TIMEOUT_MS } from '../../wire/sdk-options.js';
import { toUnitLength } from '../unit-length.js';

export interface EmbeddingConnection {
  readonly baseUrl: string;
  readonly apiKey: { reveal(): string } | undefined;
  readonly model: string;
  readonly pricePerToken: EmbeddingVendor['pricePerToken'];
  readonly priceVersion: EmbeddingVendor['priceVersion'];
  readonly timeoutMs: number;
}

const PROVIDER = 'openai-compatible';
/** 32 vectors of 4,096 numbers take about 3 MB. */
const MAX_ANSWER_BYTES = 8_000_000;

/** OpenAI's `POST /embeddings`, and the servers that copy it: Ollama, vLLM, LM Studio, gateways. */
export class OpenAiCompatibleEmbeddingProvider implements EmbeddingProvider {
  readonly model: string;
  readonly vendor: EmbeddingVendor;
  readonly #client: OpenAI;
  readonly #timeoutMs: number;
  #dimensions: number | undefined;

  constructor(connection: EmbeddingConnection, fetch: LeanFetch) {
    const { apiKey, baseUrl, model, pricePerToken, priceVersion, timeoutMs } = connection;
    this.model = model;
    this.vendor = { provider: PROVIDER, pricePerToken, priceVersion };
    this.#timeoutMs = timeoutMs;
    this.#client = new OpenAI({
      // The SDK insists on a key. Servers on the own machine have none: then no header is sent.
      apiKey: apiKey?.reveal() ?? 'none',
      ...(apiKey ? {} : { defaultHeaders: { Authorization: null } }),
      baseURL: baseUrl,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: NO_SDK_TIMEOUT_MS,
      fetch,
      logLevel: 'off',
    });
  }

  get dimensions(): number | undefined {
    return this.#dimensions;
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    const bounded = boundedTexts(texts);
    signal.throwIfAborted();
    // Servers refuse a text of nothing.
    const sent = bounded.filter((text) => text.trim() !== '');
    if (sent.length === 0) return this.#toEmbeddings(bounded, [], 0);
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#client.embeddings
        .create(
          { model: this.model, input: sent, encoding_format: 'float' },
          { signal: AbortSignal.any([signal, deadline]) },
        )
        .asResponse();
      const answer = await jsonOf(response);
      return this.#toEmbeddings(bounded, vectorsIn(answer, sent.length), tokensIn(answer));
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted) throw new ProviderError(PROVIDER, 'timeout');
      throw mapOpenAiError(PROVIDER, error) ?? (error instanceof ProviderError ? error : badResponse());
    }
  }

  #toEmbeddings(
    texts: readonly string[],
    found: readonly Float32Array[],
    tokens: number | undefined,
  ): Embeddings {
    const dimensions = found[0]?.length ?? this.#dimensions ?? 0;
    if (this.#dimensions !== undefined && dimensions !== this.#dimensions) throw badResponse();
    if (dimensions > 0) this.#dimensions = dimensions;
    const rest = [...found];
    return {
      vectors: texts.map((text) =>
        text.trim() === '' ? new Float32Array(dimensions) : toUnitLength(rest.shift()!),
      ),
      usage:
        tokens === undefined
          ? {
              inputTokens: texts.reduce((sum, text) => sum + countTextTokens(text), 0),
              source: 'estimated',
            }
          : { inputTokens: tokens, source: 'measured' },
    };
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw badResponse();
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
}

/** In the order of the texts, whatever the order in which they came. */
function vectorsIn(answer: unknown, count: number): Float32Array[] {
  const { data } = (answer ?? {}) as { data?: unknown };
  if (!Array.isArray(data) || data.length !== count) throw badResponse();
  const vectors = Array.from<Float32Array | undefined>({ length: count });
  data.forEach((item: unknown, place) => {
    const { embedding, index = place } = (item ?? {}) as { embedding?: unknown; index?: unknown };
    if (!Array.isArray(embedding) || embedding.length === 0 || typeof index !== 'number') throw badResponse();
    if (!embedding.every((value) => typeof value === 'number' && Number.isFinite(value))) throw badResponse();
    vectors[index] = Float32Array.from(embedding as number[]);
  });
  const size = vectors[0]?.length;
  if (!vectors.every((vector) => vector !== undefined && vector.length === size)) throw badResponse();
  return vectors as Float32Array[];
}

function tokensIn(answer: unknown): number | undefined {
  const { usage } = (answer ?? {}) as { usage?: { prompt_tokens?: unknown } };
  const tokens = usage?.prompt_tokens;
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : undefined;
}

function badResponse(): ProviderError {
  return new ProviderError(PROVIDER, 'bad-response');
}
