import { Redis } from 'ioredis';
import { v7 } from 'uuid';
import type { SpendingLedger } from '../../../../src/modules/rate-limit/quota-store.js';
import { RedisQuotaStore } from '../../../../src/modules/rate-limit/redis/redis-quota-store.js';
import { describeQuotaStore, TestClock } from '../../../contracts/describe-quota-store.js';
import { KeptLog } from '../../../support/a-logger.js';
import { describeWithRedis } from '../../../support/servers/test-redis.js';

const EMPTY: SpendingLedger = {
  spendingOf: () => Promise.resolve({ day: 0n, month: 0n, open: [] }),
  installationSpending: () => Promise.resolve({ day: 0n, open: [] }),
};

describeWithRedis(RedisQuotaStore.name, (url) => {
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(url);
  });
  afterAll(() => redis.disconnect());

  describeQuotaStore(
    RedisQuotaStore.name,
    () => {
      const clock = new TestClock();
      const options = { prefix: `perch-test:${v7()}`, nowMs: () => clock.nowMs };
      return { clock, store: new RedisQuotaStore(redis, EMPTY, new KeptLog().logger, options) };
    },
    { propertyRuns: 100 },
  );
});
