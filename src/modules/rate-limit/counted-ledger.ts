import type { QuotaMetrics } from './quota-metrics.js';
import type { InstallationSpending, Spending, SpendingLedger } from './quota-store.js';

/** Tells the metrics how often a ledger is read. */
export class CountedLedger implements SpendingLedger {
  constructor(
    private readonly ledger: SpendingLedger,
    private readonly metrics: QuotaMetrics,
  ) {}

  spendingOf(userId: string, at: Date, known: readonly string[]): Promise<Spending> {
    return this.count('user', this.ledger.spendingOf(userId, at, known));
  }

  installationSpending(at: Date, known: readonly string[]): Promise<InstallationSpending> {
    return this.count('installation', this.ledger.installationSpending(at, known));
  }

  private async count<T>(book: 'user' | 'installation', reading: Promise<T>): Promise<T> {
    try {
      const spending = await reading;
      this.metrics.ledgerRead(book, 'ok');
      return spending;
    } catch (error) {
      this.metrics.ledgerRead(book, 'failed');
      throw error;
    }
  }
}
