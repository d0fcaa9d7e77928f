import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel, TEST_API_KEY } from '../../../../test/support/a-model.js';
import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import type { ModelCapabilities } from '../catalogue/model-info.js';
import { AzureProvider } from './azure.provider.js';

describeLlmProvider(AzureProvider.name, {
  createProvider: () => new AzureProvider(),
  modelAt: (baseUrl) =>
    aModel({ provider: 'azure', vendorModel: 'my-deployment' }, { baseUrl, apiVersion: '2024-10-21' }),
  reasoning: 'plain',
  rawStop: 'stop',
  unknownFinish: 'eos_token',
  reportsCacheWrites: false,
  eventsBeforeText: 2,
});

describe(AzureProvider.name, () => {
  let server: ModelServer;

  beforeAll(async () => {
    server = await ModelServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => void server.reset());

  async function run(path: string, capabilities: Partial<ModelCapabilities> = {}): Promise<void> {
    server.enqueue({ text: 'Hi' });
    const connection = { baseUrl: `${server.url}${path}`, apiVersion: '2025-01-01-preview' };
    const model = aModel({ provider: 'azure', vendorModel: 'my deployment' }, connection, capabilities);
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hello' }] }];
    const request = { model, messages, tools: [], maxOutputTokens: 99 };
    for await (const _event of new AzureProvider().stream(request, { signal: new AbortController().signal }));
  }

  it.each(['', '/', '/openai'])(
    'asks the deployment at an endpoint that ends in “%s”, with the api-key header',
    async (path) => {
      await run(path);

      expect(server.lastRequest.path).toBe('/openai/deployments/my%20deployment/chat/completions');
      expect(server.lastRequest.query.get('api-version')).toBe('2025-01-01-preview');
      expect(server.lastRequest.headers['api-key']).toBe(TEST_API_KEY);
      expect(server.lastRequest.headers).not.toHaveProperty('authorization');
    },
  );

  it('names the limit as the deployment knows it', async () => {
    await run('');
    await run('', { reasoning: true });

    expect(server.requests[0]?.body).toMatchObject({ max_tokens: 99 });
    expect(server.requests[1]?.body).toMatchObject({ max_completion_tokens: 99 });
  });
});
