import { ManualTime } from '../../../../test/support/providers/manual-time.js';
import { RetryBudget } from './retry-budget.js';

describe(RetryBudget.name, () => {
  function takeAll(budget: RetryBudget): number {
    let taken = 0;
    while (budget.take()) taken++;
    return taken;
  }

  it('has ten retries in reserve, earns one with ten requests and one in five seconds', async () => {
    const time = new ManualTime();
    const budget = new RetryBudget(time);
    expect(takeAll(budget)).toBe(10);

    for (let count = 0; count < 11; count++) budget.deposit();
    expect(takeAll(budget)).toBe(1);

    await time.advance(10_000);
    expect(takeAll(budget)).toBe(2);
  });

  it('never holds more than ten', async () => {
    const time = new ManualTime();
    const budget = new RetryBudget(time);
    for (let count = 0; count < 100; count++) budget.deposit();
    await time.advance(3_600_000);

    expect(takeAll(budget)).toBe(10);
  });
});
