import { Redis } from 'ioredis';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../../support/servers/own-redis.js';
import { until } from '../../support/until.js';

/** So long ioredis waits for the end of a connection, and keeps the process, even when it has ended already. */
const disconnectTimeout = 0;

describe('a machine without Redis', () => {
  const path = process.env.PATH;
  afterEach(() => void (process.env.PATH = path));

  it('is told what is missing', async () => {
    process.env.PATH = '/nowhere';
    await expect(startOwnRedis()).rejects.toThrow('There is no redis-server on the PATH.');
  });
});

describeWithOwnRedis(startOwnRedis.name, () => {
  let server: OwnRedis;
  let client: Redis;
  beforeEach(async () => {
    server = await startOwnRedis();
    client = new Redis(server.url, {
      disconnectTimeout,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined);
    await client.set('kept', 'yes');
  });
  afterEach(async () => {
    client.disconnect();
    await server.stop();
  });

  it.each(['stop', 'kill'] as const)('comes back empty and on the same port after %s', async (how) => {
    await server[how]();
    await until(() => client.status === 'reconnecting');
    await server.start();
    expect(await client.get('kept')).toBeNull();
    expect(new URL(server.url).port).toBe(String(server.port));
  });

  it('answers nothing while it is paused, and everything once it is resumed', async () => {
    let answer: string | null | undefined;
    server.pause();
    const asked = client.get('kept').then((value) => (answer = value));
    const another = new Redis(server.url, {
      disconnectTimeout,
      commandTimeout: 100,
      retryStrategy: () => null,
    });
    another.on('error', () => undefined);
    await expect(another.ping()).rejects.toThrow();
    another.disconnect();
    expect(answer).toBeUndefined();
    server.resume();
    await asked;
    expect(answer).toBe('yes');
  });

  it('forgets everything when it is flushed, and stops although it is paused', async () => {
    await server.flush();
    expect(await client.get('kept')).toBeNull();
    server.pause();
    await server.stop();
    await until(() => client.status === 'reconnecting');
  });
});
