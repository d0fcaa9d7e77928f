import { TestClock } from '../../../test/contracts/describe-quota-store.js';
import { FallbackQuotaStore } from './fallback-quota-store.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import {
  type QuotaLimits,
  type QuotaRequest,
  type QuotaStore,
  QuotaStoreUnavailable,
} from './quota-store.js';

const WINDOWS: QuotaLimits = { requestsPerMinute: 3, tokensPerMinute: 1_000 };
const BUDGET: QuotaLimits = { ...WINDOWS, dailyCost: 1_000n };
const NOTHING = { tokens: 0, cost: 0n };

/** A shared store that can be away. */
class Shared implements QuotaStore {
  isAway = false;

  constructor(private readonly store: QuotaStore) {}

  async reserve(request: QuotaRequest) {
    this.assertThere();
    return this.store.reserve(request);
  }

  async settle(id: string, userId: string, used: QuotaRequest['used'], epoch?: number) {
    this.assertThere();
    return this.store.settle(id, userId, used, epoch);
  }

  async renew(userId: string, ids: readonly string[], expiresInMs: number) {
    this.assertThere();
    return this.store.renew(userId, ids, expiresInMs);
  }

  async release(id: string, userId: string, epoch?: number) {
    this.assertThere();
    return this.store.release(id, userId, epoch);
  }

  async read(userId: string, limits: QuotaLimits) {
    this.assertThere();
    return this.store.read(userId, limits);
  }

  async erase(userId: string) {
    this.assertThere();
    return this.store.erase(userId);
  }

  private assertThere(): void {
    if (this.isAway) throw new QuotaStoreUnavailable();
  }
}

describe(FallbackQuotaStore.name, () => {
  let shared: Shared;
  let store: FallbackQuotaStore;
  const create = (areBudgetsLocalToo = false): FallbackQuotaStore => {
    const clock = new TestClock();
    shared = new Shared(new MemoryQuotaStore(clock));
    return new FallbackQuotaStore(shared, new MemoryQuotaStore(clock), areBudgetsLocalToo, {
      warn: () => undefined,
    });
  };
  beforeEach(() => void (store = create()));

  const ask = (id: string, more: Partial<QuotaRequest> = {}): Promise<boolean> =>
    store
      .reserve({
        id,
        userId: 'u',
        limits: BUDGET,
        requests: 1,
        used: NOTHING,
        next: { tokens: 10, cost: 100n },
        expiresInMs: 60_000,
        ...more,
      })
      .then(({ admitted }) => admitted);
  const spentOf = async (): Promise<bigint> => (await shared.read('u', BUDGET))[2]!.used;

  it('lets nothing begin that a budget has to pay for', async () => {
    shared.isAway = true;
    await expect(ask('a')).rejects.toThrow(QuotaStoreUnavailable);
    await expect(store.read('u', BUDGET)).rejects.toThrow(QuotaStoreUnavailable);
    shared.isAway = false;
    expect(await ask('a')).toBe(true);
  });

  it('counts windows locally where there is no budget', async () => {
    shared.isAway = true;
    const limits = WINDOWS;
    const asked = [];
    for (const id of ['a', 'b', 'c', 'd']) asked.push(await ask(id, { limits }));
    expect(asked).toEqual([true, true, true, false]);
    expect((await store.read('u', limits))[0]).toMatchObject({ used: 3n });
  });

  it('counts budgets locally where that was chosen, and charges them to the shared store afterwards', async () => {
    store = create(true);
    shared.isAway = true;
    expect(await ask('a', { next: { tokens: 10, cost: 600n } })).toBe(true);
    expect(await ask('b', { next: { tokens: 10, cost: 600n } })).toBe(false);
    await expect(store.settle('a', 'u', { tokens: 5, cost: 300n })).rejects.toThrow(QuotaStoreUnavailable);
    shared.isAway = false;
    await store.settle('a', 'u', { tokens: 5, cost: 300n });
    await store.settle('a', 'u', { tokens: 5, cost: 300n });
    expect(await spentOf()).toBe(300n);
  });

  it('lets a run in the middle go on with a tenth of what was left, and charges it in the end', async () => {
    expect(await ask('a', { next: { tokens: 10, cost: 200n } })).toBe(true);
    shared.isAway = true;
    const step = { requests: 0 as const, used: { tokens: 5, cost: 150n }, next: { tokens: 10, cost: 40n } };
    expect(await ask('a', step)).toBe(true);
    expect(await ask('a', step)).toBe(true);
    // 800 are left, so 80 may be used unasked.
    await expect(ask('a', step)).rejects.toThrow(QuotaStoreUnavailable);
    shared.isAway = false;
    await store.settle('a', 'u', { tokens: 20, cost: 230n });
    expect(await spentOf()).toBe(230n);
  });

  it('charges a run that was taken over before its first owner could settle, wherever the new owner is', async () => {
    store = create(true);
    const away = async (use: () => Promise<unknown>): Promise<void> => {
      shared.isAway = true;
      await use();
      shared.isAway = false;
    };
    const begun = { requests: 0 as const, epoch: 1 };
    // Here, where it goes on as a local run.
    await away(() => ask('here'));
    expect(await ask('here', begun)).toBe(true);
    await store.settle('here', 'u', NOTHING);
    await store.settle('here', 'u', { tokens: 5, cost: 70n }, 1);
    expect(await spentOf()).toBe(70n);
    // Elsewhere, where it is known to the shared store only.
    await away(() => ask('there'));
    await shared.reserve({
      ...{ id: 'there', userId: 'u', limits: BUDGET, used: NOTHING, expiresInMs: 60_000 },
      ...{ ...begun, next: { tokens: 10, cost: 100n } },
    });
    await store.settle('there', 'u', NOTHING);
    expect((await shared.read('u', BUDGET))[2]).toMatchObject({ used: 70n, reserved: 100n });
    await shared.settle('there', 'u', { tokens: 5, cost: 30n }, 1);
    expect(await spentOf()).toBe(100n);
  });

  it('knows nothing of a user it was never told of', async () => {
    shared.isAway = true;
    await expect(ask('a', { requests: 0 })).rejects.toThrow(QuotaStoreUnavailable);
  });

  it('gives a local request back', async () => {
    store = create(true);
    shared.isAway = true;
    for (const id of ['a', 'b', 'c']) await ask(id);
    await store.release('c', 'u');
    expect(await ask('d')).toBe(true);
  });
});
