import type { PinoLogger } from 'nestjs-pino';
import type { ControlConnection } from '../../../database/control-connection.js';
import type { Credential } from '../../../shared/context/credential.js';
import type { CredentialNews } from './credential-news.js';
import { LiveCredentials } from './live-credentials.js';
import type { LiveCredentialsRepository } from './live-credentials.repository.js';

const ADA: Credential = { kind: 'session', userId: 'ada', id: 'one' };
const ADAS_KEY: Credential = { kind: 'api-key', userId: 'ada', id: 'key' };
const BOB: Credential = { kind: 'session', userId: 'bob', id: 'two' };

describe(LiveCredentials.name, () => {
  let revoked: Set<string>;
  let asked: string[][];
  let failure: Error | undefined;
  let listeners: ((userId: string) => void)[];
  let reconnected: () => void;
  let live: LiveCredentials;

  beforeEach(() => {
    revoked = new Set();
    asked = [];
    failure = undefined;
    listeners = [];
    live = new LiveCredentials(
      {
        revoked: async (credentials: readonly Credential[]) => {
          asked.push(credentials.map(({ id }) => id));
          if (failure) throw failure;
          return new Set(credentials.map(({ id }) => id).filter((id) => revoked.has(id)));
        },
      } as unknown as LiveCredentialsRepository,
      {
        onChanged: (listener: (userId: string) => void) => void listeners.push(listener),
        changed: (userId: string) => listeners.forEach((listener) => listener(userId)),
      } as unknown as CredentialNews,
      {
        onConnected: (listener: () => void) => void (reconnected = listener),
      } as unknown as ControlConnection,
      { info: () => undefined, warn: () => undefined } as unknown as PinoLogger,
    );
    live.onApplicationBootstrap();
  });
  afterEach(() => live.onApplicationShutdown());

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('ends what was opened by what was revoked, and nothing else of the same user', async () => {
    const [one, again, key, other] = [ADA, ADA, ADAS_KEY, BOB].map((each) => live.watch(each));
    revoked.add('one').add('two');
    live.revokeUser('ada');
    await settled();
    expect([one, again, key, other].map((each) => each!.signal.aborted)).toEqual([true, true, false, false]);
    expect(asked).toEqual([['one', 'key']]);
  });

  it('asks about all of them when notifications may have been missed', async () => {
    const watches = [ADA, BOB].map((each) => live.watch(each));
    revoked.add('two');
    reconnected();
    await settled();
    expect(watches.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  });

  it('ends nothing because the database is away, and asks again', async () => {
    const { signal } = live.watch(ADA);
    revoked.add('one');
    failure = new Error('connection lost');
    live.revokeUser('ada');
    await settled();
    expect(signal.aborted).toBe(false);
    failure = undefined;
    reconnected();
    await settled();
    expect(signal.aborted).toBe(true);
  });

  it('asks about nothing that is closed, and about nobody', async () => {
    live.watch(ADA).release();
    expect(live.watch(undefined).signal.aborted).toBe(false);
    live.revokeUser('ada');
    reconnected();
    await settled();
    expect(asked).toEqual([]);
  });

  it('asks about many in batches, each once', async () => {
    for (let index = 0; index < 2_500; index += 1) {
      const credential = { ...ADA, id: `session-${index}` };
      live.watch(credential);
      live.watch(credential);
    }
    reconnected();
    await settled();
    expect(asked.map((ids) => ids.length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(asked.flat()).size).toBe(2_500);
  });
});
