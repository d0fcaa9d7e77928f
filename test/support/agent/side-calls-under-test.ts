import { Counter, Gauge, Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { loadConfig } from '../../../src/config/load-config.js';
import { SideCallMetrics } from '../../../src/modules/agent/side-calls/side-call-metrics.js';
import { SideCallRepository } from '../../../src/modules/agent/side-calls/side-call.repository.js';
import { SideCalls } from '../../../src/modules/agent/side-calls/side-calls.js';
import type { EmbeddingProvider, ModelClient } from '../../../src/modules/providers/index.js';
import { MemoryQuotaStore } from '../../../src/modules/rate-limit/memory/memory-quota-store.js';
import { CurrentLimits } from '../../../src/modules/rate-limit/current-limits.js';
import { QuotaLimitsPolicy } from '../../../src/modules/rate-limit/quota-limits.policy.js';
import { QuotaMetrics } from '../../../src/modules/rate-limit/quota-metrics.js';
import { RunQuotas } from '../../../src/modules/rate-limit/run-quotas.js';
import { SpendingLedgerRepository } from '../../../src/modules/rate-limit/spending-ledger.repository.js';
import { uuidV7Ids } from '../../../src/shared/context/ids.js';
import { KeptLog } from '../a-logger.js';

export interface SideCallsUnderTest {
  readonly sideCalls: SideCalls;
  readonly store: MemoryQuotaStore;
  readonly ledger: SpendingLedgerRepository;
  readonly registry: Registry;
  readonly config: ReturnType<typeof loadConfig>;
}

/** Side calls of one process, with its quotas in memory over the ledger of `dataSource`. */
export function sideCallsUnderTest(
  dataSource: DataSource,
  models: ModelClient,
  { env = {}, embeddings }: { env?: Record<string, string>; embeddings?: EmbeddingProvider } = {},
): SideCallsUnderTest {
  const config = loadConfig({ AI_FREE_TIER_TPM: '1000000', ...env });
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, labelNames: string[]): Counter =>
    new Counter({ name, help: name, labelNames, registers });
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const ledger = new SpendingLedgerRepository(dataSource);
  const store = new MemoryQuotaStore(clock, ledger);
  const { logger } = new KeptLog();
  const quotas = new RunQuotas(
    store,
    new QuotaLimitsPolicy(config.rateLimit),
    new CurrentLimits(),
    config.agent,
    new QuotaMetrics(
      counter('quota_refusals_total', ['scope']),
      new Gauge({ name: 'quota_reservations', help: 'x', registers }),
      counter('quota_ledger_reads_total', ['book', 'outcome']),
    ),
    logger,
  );
  const sideCalls = new SideCalls(
    models,
    embeddings ?? ({ model: 'none', vendor: undefined } as EmbeddingProvider),
    new SideCallRepository(dataSource),
    quotas,
    { afterSpending: () => undefined } as never,
    { recordUsage: () => undefined } as never,
    new SideCallMetrics(counter('side_calls_total', ['endpoint', 'outcome'])),
    config.providers,
    logger,
    uuidV7Ids,
  );
  return { sideCalls, store, ledger, registry, config };
}

/** The value of a counter with these labels. */
export async function counted(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const metric = await registry.getSingleMetric(name)!.get();
  const found = metric.values.find((value) =>
    Object.entries(labels).every(([label, text]) => value.labels[label] === text),
  );
  return found?.value ?? 0;
}
