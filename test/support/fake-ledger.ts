import { dayKey, monthKey } from '../../src/modules/rate-limit/calendar.js';
import type {
  InstallationSpending,
  OpenRun,
  QuotaAmount,
  Spending,
  SpendingLedger,
} from '../../src/modules/rate-limit/quota-store.js';

interface LedgerRun extends Omit<OpenRun, 'isOver'> {
  readonly userId: string;
  readonly isOpen: boolean;
}

const NOTHING: QuotaAmount = { tokens: 0, cost: 0n };

/** A ledger in memory. An answer is one snapshot, and takes as long as a test wants before it arrives. */
export class FakeLedger implements SpendingLedger {
  readonly runs = new Map<string, LedgerRun>();
  reads = 0;
  /** Between the snapshot and its arrival. */
  delay: () => Promise<unknown> = () => Promise.resolve();

  /** A run is admitted, or goes on, or ends. */
  put(userId: string, id: string, admittedAt: Date, run: Partial<Omit<LedgerRun, 'id'>> = {}): void {
    this.runs.set(id, {
      epoch: 0,
      used: NOTHING,
      next: NOTHING,
      isOpen: true,
      ...run,
      id,
      userId,
      admittedAt,
    });
  }

  async spendingOf(userId: string, at: Date, known: readonly string[]): Promise<Spending> {
    this.reads += 1;
    const runs = [...this.runs.values()].filter((run) => run.userId === userId);
    const month = runs.filter(({ admittedAt }) => monthKey(admittedAt) === monthKey(at));
    const spending = { ...snapshot(runs, at, known), month: costOf(month) };
    await this.delay();
    return spending;
  }

  async installationSpending(at: Date, known: readonly string[]): Promise<InstallationSpending> {
    this.reads += 1;
    const spending = snapshot([...this.runs.values()], at, known);
    await this.delay();
    return spending;
  }
}

function snapshot(runs: readonly LedgerRun[], at: Date, known: readonly string[]): InstallationSpending {
  return {
    day: costOf(runs.filter(({ admittedAt }) => dayKey(admittedAt) === dayKey(at))),
    open: runs
      .filter(({ id, isOpen }) => isOpen || known.includes(id))
      .map(({ isOpen, ...run }) => ({ ...run, isOver: !isOpen })),
  };
}

function costOf(runs: readonly LedgerRun[]): bigint {
  return runs.reduce((sum, { used }) => sum + used.cost, 0n);
}
