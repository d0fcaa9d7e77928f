import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TestClock } from '../../../test/contracts/describe-quota-store.js';
import { loadConfig } from '../../config/load-config.js';
import { uuidV7Ids } from '../../shared/context/ids.js';
import { nobody } from '../../shared/context/principal.js';
import { type RequestContext, requestContext } from '../../shared/context/request-context.js';
import { AppError } from '../../shared/errors/app-error.js';
import { parseUsd } from '../../shared/money/usd.js';
import { DemandEstimator } from './demand-estimator.js';
import { MemoryQuotaStore } from './memory/memory-quota-store.js';
import { QuotaLimitsPolicy } from './quota-limits.policy.js';
import { QuotaGuard } from './quota.guard.js';
import { SPENDS_QUOTA } from './quota.decorator.js';

class Route {
  run(this: void): void {
    // It is never called.
  }
}
Reflect.defineMetadata(SPENDS_QUOTA, true, Route.prototype.run);

/** What becomes of a first request that may use so much: the problem that it is answered with, or what is held for it. */
async function requestOf(usd: string, env: Record<string, string>, tokens = 10): Promise<unknown> {
  const config = loadConfig(env);
  const clock = new TestClock();
  const demands = new DemandEstimator();
  demands.use(() => ({ tokens, cost: parseUsd(usd) }));
  const guard = new QuotaGuard(
    new Reflector(),
    new MemoryQuotaStore(clock),
    new QuotaLimitsPolicy(config.rateLimit),
    demands,
    { refused: () => undefined } as never,
    config.agent,
    clock,
    uuidV7Ids,
  );
  const execution = {
    getHandler: () => Route.prototype.run,
    getClass: () => Route,
    switchToHttp: () => ({ getRequest: () => ({ body: {} }), getResponse: () => ({ set: () => undefined }) }),
  } as unknown as ExecutionContext;
  const context: RequestContext = { requestId: 'r', principal: nobody('u') };
  try {
    await requestContext.run(context, () => guard.canActivate(execution));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.kind, error.code, error.errors?.[0]?.detail];
  }
  return context.reservation;
}

describe(QuotaGuard.name, () => {
  it.each([
    ['of the day', 'daily_cost', { AI_MAX_DAILY_COST_PER_USER: '0.05' }],
    ['of the month', 'monthly_cost', { AI_MAX_MONTHLY_COST_PER_USER: '0.05' }],
    ['of one run', 'run_cost', { AI_MAX_COST_PER_RUN: '0.05' }],
    ['of the installation', 'installation_daily_cost', { AI_GLOBAL_DAILY_COST: '0.05' }],
  ])(
    'says at once that a request is dearer than the cap %s, and admits what is as dear',
    async (_of, scope, env) => {
      expect(await requestOf('0.12', env)).toEqual([
        'invalid',
        'validation_failed',
        expect.stringContaining(scope),
      ]);
      expect(await requestOf('0.05', env)).toMatchObject({ cost: parseUsd('0.05') });
    },
  );

  it('says at once that a request is longer than a minute of tokens', async () => {
    expect(await requestOf('0', { AI_FREE_TIER_TPM: '100' }, 101)).toEqual([
      'invalid',
      'validation_failed',
      expect.stringContaining('tokens_per_minute'),
    ]);
  });

  it('has no cap in money where costs are not counted', async () => {
    const env = {
      AI_ENABLE_COST_TRACKING: 'false',
      AI_MAX_COST_PER_RUN: '0.05',
      AI_GLOBAL_DAILY_COST: '0.05',
    };
    expect(await requestOf('0.12', env)).toMatchObject({ cost: parseUsd('0.12') });
  });
});
