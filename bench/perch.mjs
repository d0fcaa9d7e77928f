// Perch as it is built, with everything on: auth, limits, journal, conversation, metrics, logs. Only the limits are
// raised, so that the bench measures work and not refusals.
import { loadConfig } from '../dist/config/load-config.js';
import { startPerch } from '../dist/start-perch.js';
import { installProbe, takeFigures } from './probe.mjs';

installProbe({
  withoutJournal: process.env.PERCH_BENCH_WITHOUT === 'journal',
  withoutQuota: process.env.PERCH_BENCH_WITHOUT === 'quota',
});

const unlimited = { RPM: '1000000000', TPM: '1000000000000' };
const config = loadConfig({
  ...process.env,
  PORT: '0',
  HOST: '127.0.0.1',
  AI_PROVIDER: 'openai-compatible',
  AI_BASE_URL: process.env.UPSTREAM_URL,
  AI_MODEL: 'bench',
  AI_MODELS: JSON.stringify([{ id: 'bench', price: { input: '1', output: '2' }, context_window: 100000 }]),
  AI_MAX_DAILY_COST_PER_USER: '1000000',
  RATE_LIMIT_IP_PER_MINUTE: '0',
  RATE_LIMIT_LOGIN_PER_MINUTE: '0',
  PERCH_DEMO_ACCOUNT: 'false',
  ...Object.fromEntries(
    ['FREE', 'BASIC', 'PRO'].flatMap((tier) =>
      Object.entries(unlimited).map(([kind, value]) => [`AI_${tier}_TIER_${kind}`, value]),
    ),
  ),
});
const perch = await startPerch(config);
process.on('SIGTERM', () => void perch.stop().then(() => process.exit(0)));
// On request: what the probe has seen, or what is in use after everything that can be freed is freed.
process.on('message', (what) => {
  if (what === 'figures') {
    process.send(takeFigures());
    return;
  }
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send({ retainedBytes: heapUsed + external });
});
process.send({ url: perch.url });
