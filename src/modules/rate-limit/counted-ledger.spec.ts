import { FakeLedger } from '../../../test/support/fake-ledger.js';
import { CountedLedger } from './counted-ledger.js';
import type { QuotaMetrics } from './quota-metrics.js';

describe(CountedLedger.name, () => {
  it('counts what is read, of whom, and how it went, and passes it on', async () => {
    const counted: string[] = [];
    const metrics = { ledgerRead: (...words: string[]) => counted.push(words.join(' ')) };
    const fake = new FakeLedger();
    const ledger = new CountedLedger(fake, metrics as unknown as QuotaMetrics);
    fake.put('u', 'run', new Date(0), { used: { tokens: 1, cost: 7n }, isOpen: false });
    expect(await ledger.spendingOf('u', new Date(0), [])).toMatchObject({ day: 7n });
    expect(await ledger.installationSpending(new Date(0), ['run'])).toMatchObject({ open: [{ id: 'run' }] });
    fake.delay = () => Promise.reject(new Error('no connection'));
    await expect(ledger.spendingOf('u', new Date(0), [])).rejects.toThrow('no connection');
    expect(counted).toEqual(['user ok', 'installation ok', 'user failed']);
  });
});
