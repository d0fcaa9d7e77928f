import { jwtVerify } from 'jose';
import type { PinoLogger } from 'nestjs-pino';
import { IdentityProvider } from '../../../../test/support/identity/identity-provider.js';
import { until } from '../../../../test/support/until.js';
import { KeysUnavailable } from './fetch-jwks.js';
import { ProviderKeys } from './provider-keys.js';

const NOW = new Date();
const silent = { warn: () => undefined } as unknown as PinoLogger;

describe(ProviderKeys.name, () => {
  let provider: IdentityProvider;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = 0;
    provider = await IdentityProvider.start();
  });
  afterEach(() => provider.stop());

  const keysOf = (cooldownMs?: number): ProviderKeys =>
    new ProviderKeys(
      provider.jwksUri,
      { now: () => NOW, monotonicMs: () => nowMs },
      silent,
      ...(cooldownMs === undefined ? [] : [cooldownMs]),
    );
  const verify = async (keys: ProviderKeys, kid = 'rsa'): Promise<unknown> => {
    const token = await provider.token({ sub: 'ada' }, { now: NOW, kid });
    return (await jwtVerify(token, keys.keyFor)).payload.sub;
  };

  it('asks once, for many at once', async () => {
    const keys = keysOf();
    expect(await Promise.all(Array.from({ length: 20 }, () => verify(keys)))).toEqual(Array(20).fill('ada'));
    expect(provider.requests).toBe(1);
  });

  it('asks again for a key that it does not know, and takes up the new one', async () => {
    const keys = keysOf(0);
    await verify(keys);
    await provider.addKey('next', 'ES256');
    expect(await verify(keys, 'next')).toBe('ada');
    expect(provider.requests).toBe(2);
  });

  it('does not ask again for every key id that somebody makes up', async () => {
    const keys = keysOf();
    await verify(keys);
    await provider.addKey('made-up', 'ES256');
    for (let index = 0; index < 5; index += 1) {
      await expect(verify(keys, 'made-up')).rejects.toThrow('no applicable key');
    }
    expect(provider.requests).toBe(1);
  });

  it('goes on with the keys that it knows while the provider is away, and says so of others', async () => {
    const keys = keysOf(0);
    await verify(keys);
    await provider.addKey('next', 'ES256');
    provider.answer = (response) => void response.writeHead(500).end();
    expect(await verify(keys)).toBe('ada');
    await expect(verify(keys, 'next')).rejects.toThrow(KeysUnavailable);
    provider.answer = undefined;
    // Whoever comes right after a failure does not try again.
    await expect(verify(keys, 'next')).rejects.toThrow(KeysUnavailable);
    expect(provider.requests).toBe(2);
    nowMs += 2_000;
    expect(await verify(keys, 'next')).toBe('ada');
  });

  it('looks after old keys beside the requests: a key that was withdrawn goes', async () => {
    const keys = keysOf();
    await verify(keys);
    const old = await provider.token({ sub: 'ada' }, { now: NOW });
    provider.keys.delete('rsa');
    await provider.addKey('next', 'ES256');
    nowMs += 10 * 60_000 + 1;
    await jwtVerify(old, keys.keyFor);
    await until(() => provider.requests === 2);
    expect(await verify(keys, 'next')).toBe('ada');
    await expect(jwtVerify(old, keys.keyFor)).rejects.toThrow('no applicable key');
  });

  it.each<[string, NonNullable<IdentityProvider['answer']>]>([
    ['no JSON', (response) => void response.end('<html>')],
    ['no set of keys', (response) => void response.end('{"keys":"none"}')],
    ['another address', (response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['more than any set of keys', (response) => void response.end(' '.repeat(300_000))],
    ['nothing, and hangs up', (response) => void response.destroy()],
  ])('finds no keys in %s', async (_, answer) => {
    provider.answer = answer;
    await expect(verify(keysOf())).rejects.toThrow(KeysUnavailable);
  });
});
