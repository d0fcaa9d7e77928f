import { describeEmbeddingProvider } from '../../../../../test/contracts/describe-embedding-provider.js';
import {
  type Answer,
  EmbeddingServer,
  lettersOf,
} from '../../../../../test/support/providers/embedding-server.js';
import { createLeanFetch } from '../../wire/lean-fetch.js';
import {
  type EmbeddingConnection,
  OpenAiCompatibleEmbeddingProvider,
} from './openai-compatible-embedding.provider.js';

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
