import { jest } from '@jest/globals';
import { TestClock } from '../../../test/contracts/describe-quota-store.js';
import { KeptLog } from '../../../test/support/a-logger.js';
import { loadConfig } from '../../config/load-config.js';
import { nobody, type Principal } from '../../shared/context/principal.js';
import { CurrentLimits } from './current-limits.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { type QuotaAmount, QuotaStoreUnavailable } from './quota-store.js';
import { RunQuotas } from './run-quotas.js';

const ADA: Principal = { ...nobody('u'), limits: { dailyCost: 100n } };
const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };
const cost = (pico: bigint): QuotaAmount => ({ tokens: 0, cost: pico });
const { signal } = new AbortController();

describe(RunQuotas.name, () => {
  let current: CurrentLimits;
  let store: MemoryQuotaStore;
  let quotas: RunQuotas;
  beforeEach(() => {
    const config = loadConfig({});
    current = new CurrentLimits();
    store = new MemoryQuotaStore(new TestClock());
    quotas = new RunQuotas(
      store,
      new QuotaLimitsPolicy(config.rateLimit),
      current,
      config.agent,
      { refused: () => undefined, reserved: () => undefined } as never,
      new KeptLog().logger,
    );
  });

  it('ends a run at the limits that its user has by now, lower or higher', async () => {
    let account: Principal | undefined = ADA;
    current.use(() => Promise.resolve(account));
    const quota = quotas.open({ id: 'r', principal: ADA });
    expect(await quota.cover(NOTHING, cost(60n), signal)).toBe(true);
    account = { ...ADA, limits: { dailyCost: 50n } };
    expect(await quota.cover(cost(30n), cost(30n), signal)).toBe(false);
    expect(quota.limits.dailyCost).toBe(50n);
    account = { ...ADA, limits: { dailyCost: 500n } };
    expect(await quota.cover(cost(30n), cost(400n), signal)).toBe(true);
  });

  it('goes by the limits that it knew last where the account is gone, or nobody can say', async () => {
    current.use(() => Promise.resolve({ ...ADA, limits: { dailyCost: 200n } }));
    const quota = quotas.open({ id: 'r', principal: ADA });
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    current.use(() => Promise.resolve(undefined));
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    current.use(() => Promise.reject(new Error('no connection')));
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    expect(await quota.cover(NOTHING, cost(201n), signal)).toBe(false);
  });

  it('waits for one attempt to give back what waits, makes the others by itself, and stops with the process', async () => {
    const settle = jest.spyOn(store, 'settle').mockRejectedValue(new QuotaStoreUnavailable());
    await quotas.park('r', 'u');
    expect(settle).toHaveBeenCalledTimes(1);
    await quotas.onApplicationShutdown();
    expect(settle).toHaveBeenCalledTimes(2);
  });

  it('leaves to the next owner what that holds, however late the one before it settles', async () => {
    const limits = { requestsPerMinute: 5, tokensPerMinute: 1_000, dailyCost: 100n };
    const { settle } = store;
    jest
      .spyOn(store, 'settle')
      .mockRejectedValueOnce(new QuotaStoreUnavailable())
      .mockImplementation(settle.bind(store));
    await store.reserve({
      ...{ id: 'r', userId: 'u', limits, requests: 1, used: NOTHING, next: cost(20n) },
      expiresInMs: 60_000,
    });
    await quotas.park('r', 'u');
    const quota = quotas.open({ id: 'r', epoch: 1, principal: ADA });
    expect(await quota.cover(NOTHING, cost(60n), signal)).toBe(true);
    // The attempt that is left is made.
    await quotas.onApplicationShutdown();
    const daily = async (): Promise<unknown> => (await store.read('u', limits))[2];
    expect(await daily()).toMatchObject({ used: 0n, reserved: 60n });
    quota.settle(cost(40n));
    await quotas.onApplicationShutdown();
    expect(await daily()).toMatchObject({ used: 40n, reserved: 0n });
  });
});
