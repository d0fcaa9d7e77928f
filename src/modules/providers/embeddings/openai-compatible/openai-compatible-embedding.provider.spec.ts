import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeEmbeddingProvider } from '../../../../../test/contracts/describe-embedding-provider.js';
import { createLeanFetch } from '../../wire/lean-fetch.js';
import {
  type EmbeddingConnection,
  OpenAiCompatibleEmbeddingProvider,
} from './openai-compatible-embedding.provider.js';

type Answer = (texts: readonly string[], response: ServerResponse) => void;

/** A server that embeds: as many numbers as asked for, by the letters of the text. */
class EmbeddingServer {
  readonly requests: { body: Record<string, unknown>; authorization: string | undefined }[] = [];
  answer: Answer = toVectors;
  private constructor(private readonly server: Server) {}

  static async start(): Promise<EmbeddingServer> {
    const server = createServer((request, response) => {
      void (async () => {
        let text = '';
        for await (const piece of request) text += String(piece);
        const body = JSON.parse(text) as { input: string[] };
        started.requests.push({ body, authorization: request.headers.authorization });
        response.setHeader('content-type', 'application/json');
        started.answer(body.input, response);
      })();
    });
    const started = new EmbeddingServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function toVectors(texts: readonly string[], response: ServerResponse): void {
  const data = texts.map((text, index) => ({ index, embedding: lettersOf(text) }));
  // Not in the order of the texts: the index counts.
  response.end(JSON.stringify({ data: data.reverse(), usage: { prompt_tokens: 7 } }));
}

function lettersOf(text: string): number[] {
  const letters = Array.from({ length: 26 }, () => 0);
  for (const letter of text.slice(0, 200)) {
    const place = letter.charCodeAt(0) - 97;
    if (place >= 0 && place < 26) letters[place]! += 1;
  }
  return letters;
}

function aProvider(
  url: string,
  connection: Partial<EmbeddingConnection> = {},
): OpenAiCompatibleEmbeddingProvider {
  return new OpenAiCompatibleEmbeddingProvider(
    {
      baseUrl: url,
      apiKey: { reveal: () => 'key-of-the-test' },
      model: 'embedder',
      pricePerToken: 20_000n,
      priceVersion: 'configured:20000',
      timeoutMs: 5_000,
      ...connection,
    },
    createLeanFetch(),
  );
}

describeEmbeddingProvider(OpenAiCompatibleEmbeddingProvider.name, async () => {
  const server = await EmbeddingServer.start();
  return { provider: aProvider(server.url), stop: () => server.stop() };
});

describe(OpenAiCompatibleEmbeddingProvider.name, () => {
  const { signal } = new AbortController();
  let server: EmbeddingServer;
  beforeEach(async () => {
    server = await EmbeddingServer.start();
  });
  afterEach(() => server.stop());

  it('asks for the model, with its key or with none, and tells what the vendor counted', async () => {
    const { usage } = await aProvider(server.url).embed(['abc', '', 'def'], signal);
    expect(usage).toEqual({ inputTokens: 7, source: 'measured' });
    await aProvider(server.url, { apiKey: undefined }).embed(['abc'], signal);
    expect(server.requests).toMatchObject([
      {
        body: { model: 'embedder', input: ['abc', 'def'], encoding_format: 'float' },
        authorization: 'Bearer key-of-the-test',
      },
      { authorization: undefined },
    ]);
  });

  const failures: readonly (readonly [what: string, answer: Answer, reason: string])[] = [
    ['a refused key', (_, response) => void response.writeHead(401).end('{}'), 'authentication'],
    ['a limit', (_, response) => void response.writeHead(429).end('{}'), 'rate-limited'],
    ['a failure', (_, response) => void response.writeHead(500).end('{}'), 'server-error'],
    ['no JSON', (_, response) => void response.end('<html>'), 'bad-response'],
    ['too few vectors', (_, response) => void response.end('{"data":[]}'), 'bad-response'],
    [
      'no numbers',
      (texts, response) =>
        void response.end(JSON.stringify({ data: texts.map(() => ({ embedding: ['1'] })) })),
      'bad-response',
    ],
    ['a broken connection', (_, response) => void response.destroy(), 'connection'],
  ];
  it.each(failures)('names %s, and asks once', async (_, answer, reason) => {
    server.answer = answer;
    await expect(aProvider(server.url).embed(['abc'], signal)).rejects.toMatchObject({ reason });
    expect(server.requests).toHaveLength(1);
  });

  it('waits no longer than its deadline', async () => {
    server.answer = () => undefined;
    await expect(aProvider(server.url, { timeoutMs: 50 }).embed(['abc'], signal)).rejects.toMatchObject({
      reason: 'timeout',
    });
  });

  it('counts itself when the vendor tells nothing', async () => {
    server.answer = (texts, response) =>
      void response.end(JSON.stringify({ data: texts.map((text) => ({ embedding: lettersOf(text) })) }));
    const { usage } = await aProvider(server.url).embed(['some words to count'], signal);
    expect(usage).toMatchObject({ source: 'estimated' });
    expect(usage.inputTokens).toBeGreaterThan(2);
  });
});
