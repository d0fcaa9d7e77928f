import { describeQuotaStore } from '../../../../test/contracts/describe-quota-store.js';
import { MemoryQuotaStore } from './memory-quota-store.js';

describeQuotaStore(MemoryQuotaStore.name, (clock) => new MemoryQuotaStore(clock));
