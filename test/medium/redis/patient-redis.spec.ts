import { PatientRedis } from '../../../src/redis/patient-redis.js';
import { describeWithOwnRedis, type OwnRedis, startOwnRedis } from '../../support/servers/own-redis.js';
import { until } from '../../support/until.js';

const OPTIONS = {
  disconnectTimeout: 0,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => 20,
};

function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describeWithOwnRedis(PatientRedis.name, () => {
  let server: OwnRedis;
  let redis: PatientRedis;
  let errors: Error[];
  beforeEach(async () => {
    server = await startOwnRedis();
    redis = new PatientRedis(server.url, OPTIONS);
    errors = [];
    redis.on('error', (error) => errors.push(error));
    await until(() => redis.status === 'ready');
  });
  afterEach(async () => {
    redis.disconnect();
    await server.stop();
  });

  it.each([300, 900])('has every answer after this process was busy for %i ms', async (ms) => {
    const asked = Array.from({ length: 500 }, (_, index) => redis.set(`key ${index}`, index));
    stall(ms);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['OK']));
    expect(errors).toEqual([]);
  });

  it('has every answer while this process stalls over and over', async () => {
    const stalling = setInterval(() => stall(280), 1);
    const asked = Promise.all(Array.from({ length: 200 }, (_, index) => redis.get(`key ${index}`)));
    await asked.finally(() => clearInterval(stalling));
    expect(errors).toEqual([]);
  });

  it('lets nobody wait for a server that is silent, and is back when that is', async () => {
    server.pause();
    const startedMs = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => redis.get('key')));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(errors[0]).toEqual(new Error('Redis was silent for 250 ms'));
    server.resume();
    await until(async () => (await redis.get('key').catch(() => 'away')) === null);
  });
});
