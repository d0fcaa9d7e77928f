import type { PicoUsd } from '../../../shared/money/usd.js';

interface Account {
  spent: PicoUsd;
  held: PicoUsd;
}

interface Entry {
  readonly admittedAt: Date;
  /** What has been charged. */
  spent: PicoUsd;
  /** What is held beyond that. */
  held: PicoUsd;
}

/** Whose ever money it is: what is spent and held in each period, and for each run. Amounts belong to the run's admission. */
export class MoneyBook {
  private readonly accounts = new Map<string, Account>();
  private readonly entries = new Map<string, Entry>();

  /** `periodsOf`: the keys of the days or months that pay for what is admitted at a moment. */
  constructor(private readonly periodsOf: (admittedAt: Date) => readonly string[]) {}

  has(id: string): boolean {
    return this.entries.has(id);
  }

  /** Begins a run of which `spent` is charged already. */
  open(id: string, admittedAt: Date, spent: PicoUsd): void {
    this.entries.set(id, { admittedAt, spent, held: 0n });
  }

  /** Charges what is new in `spent`. Less than before is an owner that knows less, and takes nothing back. */
  charge(id: string, spent: PicoUsd): void {
    const entry = this.entries.get(id);
    if (!entry || spent <= entry.spent) return;
    for (const account of this.accountsOf(entry)) account.spent += spent - entry.spent;
    entry.spent = spent;
  }

  hold(id: string, held: PicoUsd): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    for (const account of this.accountsOf(entry)) account.held += held - entry.held;
    entry.held = held;
  }

  close(id: string): void {
    this.hold(id, 0n);
    this.entries.delete(id);
  }

  /** What was spent in a period before this book was begun. */
  begin(period: string, spent: PicoUsd): void {
    this.account(period).spent += spent;
  }

  standing(period: string): Readonly<Account> {
    return this.accounts.get(period) ?? { spent: 0n, held: 0n };
  }

  /** Forgets the periods before a day: `2026-11` is before `2026-12-01` and not before `2026-11-24`. */
  forgetBefore(day: string): void {
    for (const period of this.accounts.keys()) {
      if (period < day.slice(0, period.length)) this.accounts.delete(period);
    }
  }

  get isEmpty(): boolean {
    return this.accounts.size === 0 && this.entries.size === 0;
  }

  private accountsOf({ admittedAt }: Entry): Account[] {
    return this.periodsOf(admittedAt).map((period) => this.account(period));
  }

  private account(period: string): Account {
    let account = this.accounts.get(period);
    if (!account) this.accounts.set(period, (account = { spent: 0n, held: 0n }));
    return account;
  }
}
