import { loadConfig } from '../../config/load-config.js';
import type { Principal } from '../../shared/context/principal.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { type QuotaLimits, type QuotaStore, QuotaStoreUnavailable } from './quota-store.js';
import { UsageService } from './usage.service.js';

const RESET_AT = new Date('2026-11-26T00:00:00Z');
const PRINCIPAL: Principal = {
  userId: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
  email: 'ada@example.com',
  tier: 'basic',
  roles: ['user'],
  permissions: new Set(['agent:run']),
  tools: { denied: new Set() },
  limits: { tokensPerMinute: 1_000 },
};

/** A store in which every scope has the same figures. */
function aStore(used: bigint, reserved: bigint): Pick<QuotaStore, 'read'> {
  return {
    read: (_, limits: QuotaLimits) =>
      Promise.resolve(
        (
          [
            ['requests_per_minute', BigInt(limits.requestsPerMinute)],
            ['tokens_per_minute', BigInt(limits.tokensPerMinute)],
            ['daily_cost', limits.dailyCost],
            ['monthly_cost', limits.monthlyCost],
            ['installation_daily_cost', limits.installationDailyCost],
          ] as const
        ).flatMap(([scope, limit]) =>
          limit === undefined ? [] : [{ scope, limit, used, reserved, resetAt: RESET_AT }],
        ),
      ),
  };
}

function aService(store: Pick<QuotaStore, 'read'>, env: Record<string, string> = {}): UsageService {
  return new UsageService(store as QuotaStore, new QuotaLimitsPolicy(loadConfig(env).rateLimit));
}

describe(UsageService.name, () => {
  it('tells the limits that hold for this user, and what is left of them', async () => {
    const usage = await aService(aStore(3n, 4n), { AI_MAX_MONTHLY_COST_PER_USER: '100' }).of(PRINCIPAL);
    const reset_at = RESET_AT.toISOString();
    expect(usage).toEqual({
      tier: 'basic',
      windows: {
        requests_per_minute: { limit: 30, used: 3, reserved: 4, remaining: 23, reset_at },
        tokens_per_minute: { limit: 1_000, used: 3, reserved: 4, remaining: 993, reset_at },
      },
      budgets: {
        daily_cost: {
          limit: '10.000000',
          used: '0.000000000003',
          reserved: '0.000000000004',
          remaining: '9.999999999993',
          reset_at,
        },
        monthly_cost: {
          limit: '100.000000',
          used: '0.000000000003',
          reserved: '0.000000000004',
          remaining: '99.999999999993',
          reset_at,
        },
      },
    });
  });

  it('counts a budget without a limit, and never shows less than nothing left', async () => {
    const { budgets } = await aService(aStore(50_000_000_000_000n, 0n)).of(PRINCIPAL);
    expect(budgets.daily_cost).toMatchObject({ limit: '10.000000', remaining: '0.000000' });
    expect(budgets.monthly_cost).toMatchObject({ limit: null, used: '50.000000', remaining: null });
  });

  it('says nothing of what all users spend together', async () => {
    const usage = await aService(aStore(1n, 0n), { AI_GLOBAL_DAILY_COST: '123' }).of(PRINCIPAL);
    expect(JSON.stringify(usage)).not.toMatch(/installation|123/);
  });

  it('is unavailable, not broken, while nobody can tell', async () => {
    const away = { read: () => Promise.reject(new QuotaStoreUnavailable()) };
    await expect(aService(away).of(PRINCIPAL)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'dependency_unavailable',
    });
  });
});
