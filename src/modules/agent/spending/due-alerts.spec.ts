import { parseUsd } from '../../../shared/money/usd.js';
import { dueBudgetAlerts, dueUnusualSpending } from './due-alerts.js';

const thresholds = (spent: string, limit: string | undefined): number[] =>
  dueBudgetAlerts('daily_cost', '2026-11-25', {
    spent: parseUsd(spent),
    limit: limit === undefined ? undefined : parseUsd(limit),
  }).map(({ threshold }) => threshold);

describe(dueBudgetAlerts.name, () => {
  it('names each threshold that is reached, to the last pico-dollar', () => {
    expect(thresholds('4.999999999999', '10')).toEqual([]);
    expect(thresholds('5', '10')).toEqual([50]);
    expect(thresholds('8', '10')).toEqual([50, 80]);
    expect(thresholds('25', '10')).toEqual([50, 80, 100]);
  });

  it('has nothing to say without a budget, and before anything was spent', () => {
    expect(thresholds('25', undefined)).toEqual([]);
    expect(thresholds('0', '0')).toEqual([]);
    expect(thresholds('0.000001', '0')).toEqual([50, 80, 100]);
  });

  it('says what it compared', () => {
    const [alert] = dueBudgetAlerts('monthly_cost', '2026-11', { spent: 6n, limit: 10n });
    expect(alert).toEqual({
      kind: 'budget',
      scope: 'monthly_cost',
      threshold: 50,
      limit: 10n,
      spent: 6n,
      period: '2026-11',
    });
  });
});

describe(dueUnusualSpending.name, () => {
  const history = (...days: string[]): bigint[] => days.map(parseUsd);
  const due = (spent: string, days: bigint[]) => dueUnusualSpending('2026-11-25', parseUsd(spent), days);

  it('is more than three times the median day, which one wild day does not move', () => {
    const days = history('1', '90', '2', '2', '3');
    expect(due('6', days)).toBeUndefined();
    expect(due('6.000001', days)).toMatchObject({
      kind: 'unusual_spending',
      threshold: 300,
      limit: parseUsd('2'),
    });
  });

  it('takes the middle of the two middle days', () => {
    expect(due('9', history('1', '1', '1', '3', '3', '3'))).toMatchObject({ limit: parseUsd('2') });
  });

  it('never is less than the floor, and needs days to compare with', () => {
    expect(due('0.99', history('0.01', '0.01', '0.01', '0.01', '0.01'))).toBeUndefined();
    expect(due('1', history('0.01', '0.01', '0.01', '0.01', '0.01'))).toBeDefined();
    expect(due('100', history('0.01', '0.01', '0.01', '0.01'))).toBeUndefined();
  });
});
