import {
  cosineOf,
  describeEmbeddingProvider,
} from '../../../../test/contracts/describe-embedding-provider.js';
import { EmbeddingServer } from '../../../../test/support/providers/embedding-server.js';
import { loadConfig } from '../../../config/load-config.js';
import type { DerivedKeys } from '../../../shared/context/derived-keys.js';
import { systemClock } from '../../../shared/context/clock.js';
import { EMBEDDING_PROVIDER_FACTORY, EmbeddingShutdown } from './embedding-provider.factory.js';
import type { EmbeddingProvider } from './embedding-provider.js';
import { LocalEmbeddingProvider } from './local/local-embedding.provider.js';

const KEYS: DerivedKeys = { keyFor: () => Buffer.alloc(32, 3) };
const EMAIL = 'jane.doe+x@mail.example.com';

function configured(env: Readonly<Record<string, string>>): EmbeddingProvider {
  const { providers } = loadConfig({ NODE_ENV: 'test', ...env });
  return EMBEDDING_PROVIDER_FACTORY.useFactory(providers, systemClock, KEYS) as EmbeddingProvider;
}

function atVendor({ url }: EmbeddingServer, kinds: string): EmbeddingProvider {
  return configured({
    AI_EMBEDDING_PROVIDER: 'openai-compatible',
    AI_EMBEDDING_BASE_URL: url,
    AI_EMBEDDING_MODEL: 'embedder',
    PERCH_MASK_PERSONAL_DATA: kinds,
  });
}

describeEmbeddingProvider('one that masks', async () => {
  const server = await EmbeddingServer.start();
  return { provider: atVendor(server, 'email,iban,card,ssn,ip,phone'), stop: () => server.stop() };
});

describe('the configured embedding provider', () => {
  const { signal } = new AbortController();
  let server: EmbeddingServer;
  beforeEach(async () => {
    server = await EmbeddingServer.start();
  });
  afterEach(() => server.stop());

  const sent = (): string[] => server.requests.flatMap(({ body }) => body.input as string[]);

  it('shows a vendor no personal data, and equal values as equal, in whichever text', async () => {
    const provider = atVendor(server, 'email');
    const { vectors } = await provider.embed([`I am ${EMAIL}.`, '', `Who is ${EMAIL}?`], signal);
    await provider.embed([EMAIL], signal);
    expect(JSON.stringify(server.requests)).not.toMatch(/@|jane|example\.com/);
    const placeholder = sent()[2]!;
    expect(placeholder).toMatch(/^<email_[0-9a-f]{12}>$/);
    expect(sent()).toEqual([`I am ${placeholder}.`, `Who is ${placeholder}?`, placeholder]);
    expect(vectors).toHaveLength(3);
    expect(cosineOf(vectors[0]!, vectors[0]!)).toBeCloseTo(1, 4);
    expect(provider).toMatchObject({
      model: 'embedder',
      dimensions: 26,
      vendor: { provider: 'openai-compatible' },
    });
  });

  it('leaves nothing of a value that stands where a text is cut', async () => {
    await atVendor(server, 'email').embed([`${'a '.repeat(3_992)}${EMAIL} and more`], signal);
    expect(sent()[0]).not.toContain('jane');
  });

  it('sends texts as they are where nothing is to be masked', async () => {
    await atVendor(server, '').embed([EMAIL], signal);
    expect(sent()).toEqual([EMAIL]);
  });

  it('stays within the process by default, masks nothing there, and ends with it', async () => {
    const provider = configured({ PERCH_MASK_PERSONAL_DATA: 'email' });
    expect(provider).toBeInstanceOf(LocalEmbeddingProvider);
    await provider.embed(['a dog in the rain'], signal);
    await new EmbeddingShutdown(provider).onApplicationShutdown();
    await expect(provider.embed(['a dog in the rain'], signal)).rejects.toMatchObject({ reason: 'stopped' });
  });
});
