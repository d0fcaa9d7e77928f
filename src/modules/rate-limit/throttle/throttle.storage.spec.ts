import { KeptLog } from '../../../../test/support/a-logger.js';
import { ManualTime } from '../../../../test/support/providers/manual-time.js';
import { RedisOrLocal } from './redis-or-local.js';
import { ThrottleStorage } from './throttle.storage.js';

const MINUTE_MS = 60_000;

describe(`${ThrottleStorage.name} without Redis`, () => {
  it('holds a bounded number of windows, and forgets none that is in use', async () => {
    const time = new ManualTime();
    const storage = new ThrottleStorage(null, new RedisOrLocal(null, time, new KeptLog().logger), time);
    const isBlocked = async (key: string): Promise<boolean> =>
      (await storage.increment(key, MINUTE_MS, 1)).isBlocked;
    await isBlocked('idle');
    await isBlocked('busy');
    for (let i = 0; i < 30_000; i += 1) {
      await isBlocked(`address-${i}`);
      if (i % 1_000 === 0) expect(await isBlocked('busy')).toBe(true);
    }
    expect(await isBlocked('idle')).toBe(false);
    expect(await isBlocked('busy')).toBe(true);
  });
});
