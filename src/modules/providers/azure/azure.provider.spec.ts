import { describeLlmProvider } from '../../../../test/contracts/describe-llm-provider.js';
import { aModel, TEST_API_KEY } from '../../../../test/support/a-model.js';
import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import type { ModelCapabilities } from '../catalogue/model-info.js';
import type { ModelEvent } from '../llm-provider.js';
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

  async function run(path: string, capabilities: Partial<ModelCapabilities> = {}): Promise<ModelEvent[]> {
    server.enqueue({ text: 'Hi' });
    const connection = { baseUrl: `${server.url}${path}`, apiVersion: '2025-01-01-preview' };
    const model = aModel({ provider: 'azure', vendorModel: 'my deployment' }, connection, capabilities);
    const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hello' }] }];
    const request = { model, messages, tools: [], maxOutputTokens: 99 };
    const events: ModelEvent[] = [];
    const signal = new AbortController().signal;
    for await (const event of new AzureProvider().stream(request, { signal })) events.push(event);
    return events;
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

  it('starts with the response, not with the chunk about filters before it', async () => {
    const [start] = await run('');

    expect(start).toEqual({ type: 'start', responseId: 'chatcmpl-1' });
  });

  it('names the limit as the deployment knows it', async () => {
    await run('');
    await run('', { reasoning: true });

    expect(server.requests[0]?.body).toMatchObject({ max_tokens: 99 });
    expect(server.requests[1]?.body).toMatchObject({ max_completion_tokens: 99 });
  });
});
