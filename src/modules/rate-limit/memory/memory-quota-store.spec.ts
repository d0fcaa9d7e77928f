import { describeQuotaStore, TestClock } from '../../../../test/contracts/describe-quota-store.js';
import { MemoryQuotaStore } from './memory-quota-store.js';

describeQuotaStore(MemoryQuotaStore.name, (ledger) => {
  const clock = new TestClock();
  return { clock, store: new MemoryQuotaStore(clock, ledger) };
});
