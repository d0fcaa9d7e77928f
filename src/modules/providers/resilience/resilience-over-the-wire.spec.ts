import { ModelServer } from '../../../../test/support/model-server/model-server.js';
import { ClientUnderTest } from '../../../../test/support/providers/client-under-test.js';
import { AnthropicProvider } from '../anthropic/anthropic.provider.js';
import { OpenAiCompatibleProvider } from '../openai-compatible/openai-compatible.provider.js';
import { providerErrorToAppError, type ProviderError } from '../provider-error.js';
import { ResilientModelClient } from './resilient-model-client.js';

/** The same rules with real adapters and sockets: the main model speaks Anthropic's wire, the spare OpenAI's. */
describe(`${ResilientModelClient.name} over the wire`, () => {
  const servers: ModelServer[] = [];
  let main: ModelServer;
  let spare: ModelServer;

  beforeEach(async () => {
    main = await ModelServer.start();
    spare = await ModelServer.start();
    spare.always({ text: 'from the spare' });
    servers.push(main, spare);
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  function aClient(environment: Record<string, string> = {}): ClientUnderTest {
    return new ClientUnderTest({
      // Short waits: a tenth of the bound.
      random: () => 0.1,
      providers: [new AnthropicProvider(), new OpenAiCompatibleProvider()],
      environment: {
        AI_PROVIDER: 'anthropic',
        AI_API_KEY: 'sk-1234567890abcdefghij',
        AI_BASE_URL: main.url,
        AI_MODELS: JSON.stringify([
          {
            id: 'spare',
            provider: 'openai-compatible',
            base_url: `${spare.url}/v1`,
            price: { input: 0, output: 0 },
          },
        ]),
        ...environment,
      },
    });
  }

  it('F01: waits for Retry-After, then tries again', async () => {
    main.enqueue({ fault: { status: 429, headers: { 'retry-after': '1' } } }, { text: 'Hi' });
    const subject = aClient();
    const call = await subject.call().over;

    expect(call.text).toBe('Hi');
    const [first, second] = main.requests;
    expect(second!.receivedAt - first!.receivedAt).toBeGreaterThanOrEqual(995);
    expect(second!.receivedAt - first!.receivedAt).toBeLessThan(2_500);
    expect(subject.metrics.filter((entry) => entry === 'retried 429')).toHaveLength(1);
  });

  it('F01: reads Retry-After as a date, and falls back when it lies beyond the deadline', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    main.always({ fault: { status: 429, headers: { 'retry-after': inAnHour } } });
    const call = await aClient({ AI_FALLBACK_MODELS: 'spare' }).call().over;

    expect(call.text).toBe('from the spare');
    expect(main.requests).toHaveLength(1);
  });

  it('F01: without a fallback the caller is told to come back later, and not by a 429', async () => {
    main.always({ fault: { status: 429, headers: { 'retry-after': '700' } } });
    const call = await aClient().call().over;

    expect(providerErrorToAppError(call.error as ProviderError)).toMatchObject({
      kind: 'unavailable',
      code: 'provider_unavailable',
      retryAfterSeconds: 60,
    });
  });

  it('F02: an overloaded vendor is tried three times, then the fallback', async () => {
    main.always({ fault: { status: 529 } });
    const call = await aClient({ AI_FALLBACK_MODELS: 'spare' }).call().over;

    expect(call.text).toBe('from the spare');
    expect(main.requests).toHaveLength(3);
    expect(spare.requests).toHaveLength(1);
  });

  it.each([
    [400, 'invalid-request', 0],
    [422, 'invalid-request', 0],
    [401, 'authentication', 1],
    [403, 'authentication', 1],
    [404, 'not-found', 1],
  ])('F03: %i is never retried', async (status, reason, fallbacks) => {
    main.always({
      fault: { status, body: { type: 'error', error: { message: 'sk-1234567890abcdefghij' } } },
    });
    const alone = await aClient().call().over;
    expect(alone.error).toMatchObject({ reason, status });
    expect(JSON.stringify(alone.error) + String(alone.error)).not.toContain('sk-1234567890');
    expect(main.requests).toHaveLength(1);

    const subject = aClient({ AI_FALLBACK_MODELS: 'spare' });
    await subject.call().over;
    expect(spare.requests).toHaveLength(fallbacks);
    expect(subject.metrics.includes('auth failed anthropic')).toBe(reason === 'authentication');
  });

  it('F04: fifty clients do not storm a vendor that is down, and it recovers with one probe', async () => {
    main.always({ fault: { status: 500 } });
    const subject = aClient({ AI_BREAKER_OPEN_MS: '2000' });
    await Promise.all(Array.from({ length: 50 }, () => subject.call().over));
    expect(main.requests.length).toBeLessThanOrEqual(60);

    const attempts = main.requests.length;
    await Promise.all(Array.from({ length: 50 }, () => subject.call().over));
    expect(main.requests).toHaveLength(attempts);

    main.always({ text: 'Back' });
    const deadline = performance.now() + 5_000;
    let text = '';
    while (text === '' && performance.now() < deadline) {
      text = (await subject.call().over).text;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(text).toBe('Back');
    expect(main.requests).toHaveLength(attempts + 1);
  });

  it('F05: a connection that is reset before the answer is tried again', async () => {
    main.enqueue({ fault: { resetBeforeHeaders: true } }, { text: 'Hi' });
    const subject = aClient();
    const call = await subject.call().over;

    expect(call.text).toBe('Hi');
    expect(call.events.filter((event) => event.type === 'finish')).toHaveLength(1);
    expect(subject.metrics).toContain('retried connection');
  });

  it('F06: a stream that breaks off is not repeated', async () => {
    main
      .enqueue({ text: 'Hello there', chunkSize: 1, fault: { resetAfterEvents: 6 } })
      .always({ text: 'again' });
    const call = await aClient({ AI_FALLBACK_MODELS: 'spare' }).call().over;

    expect(call.text.length).toBeGreaterThan(0);
    expect('Hello there'.startsWith(call.text)).toBe(true);
    expect(call.error).toMatchObject({ reason: 'connection' });
    expect(main.requests).toHaveLength(1);
    expect(spare.requests).toHaveLength(0);
  });

  it('F07: a stream that falls silent is ended and its socket closed', async () => {
    main.enqueue({ text: 'Hello there', chunkSize: 1, fault: { stallAfterEvents: 6 } });
    const call = await aClient({ AI_STALL_TIMEOUT_MS: '300' }).call().over;

    expect(call.error).toMatchObject({ reason: 'timeout' });
    expect(await main.lastRequest.closed).toEqual({ byClient: true });
  });

  it('F08: a vendor that never answers is given up, retried and replaced within the deadline', async () => {
    main.always({ fault: { neverHeaders: true } });
    const subject = aClient({ AI_FALLBACK_MODELS: 'spare', AI_FIRST_TOKEN_TIMEOUT_MS: '300' });
    const call = await subject.call().over;

    expect(call.text).toBe('from the spare');
    expect(main.requests).toHaveLength(3);
    expect(await Promise.all(main.requests.map((request) => request.closed))).toEqual(
      Array.from({ length: 3 }, () => ({ byClient: true })),
    );
    expect(subject.metrics).toContain('retried timeout');
  });
});
