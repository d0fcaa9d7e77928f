import { TestClock } from '../../../test/contracts/describe-quota-store.js';
import { KeptLog } from '../../../test/support/a-logger.js';
import { loadConfig } from '../../config/load-config.js';
import { nobody, type Principal } from '../../shared/context/principal.js';
import { CurrentLimits } from './current-limits.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import type { QuotaAmount } from './quota-store.js';
import { RunQuotas } from './run-quotas.js';

const ADA: Principal = { ...nobody('u'), limits: { dailyCost: 100n } };
const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };
const cost = (pico: bigint): QuotaAmount => ({ tokens: 0, cost: pico });
const { signal } = new AbortController();

describe(RunQuotas.name, () => {
  let current: CurrentLimits;
  let quotas: RunQuotas;
  beforeEach(() => {
    const config = loadConfig({});
    current = new CurrentLimits();
    quotas = new RunQuotas(
      new MemoryQuotaStore(new TestClock()),
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
    const quota = quotas.open('r', ADA);
    expect(await quota.cover(NOTHING, cost(60n), signal)).toBe(true);
    account = { ...ADA, limits: { dailyCost: 50n } };
    expect(await quota.cover(cost(30n), cost(30n), signal)).toBe(false);
    expect(quota.limits.dailyCost).toBe(50n);
    account = { ...ADA, limits: { dailyCost: 500n } };
    expect(await quota.cover(cost(30n), cost(400n), signal)).toBe(true);
  });

  it('goes by the limits that it knew last where the account is gone, or nobody can say', async () => {
    current.use(() => Promise.resolve({ ...ADA, limits: { dailyCost: 200n } }));
    const quota = quotas.open('r', ADA);
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    current.use(() => Promise.resolve(undefined));
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    current.use(() => Promise.reject(new Error('no connection')));
    expect(await quota.cover(NOTHING, cost(150n), signal)).toBe(true);
    expect(await quota.cover(NOTHING, cost(201n), signal)).toBe(false);
  });
});
