import { isDayOrMoment, ledgerPeriod } from './ledger-period.js';

const NOW = new Date('2026-11-25T14:30:00Z');
const periodOf = (query: { from?: string; to?: string }): [string, string] => {
  const { from, to } = ledgerPeriod(query, { now: NOW, maxDays: 366 });
  return [from.toISOString(), to.toISOString()];
};

describe(ledgerPeriod.name, () => {
  it('is the last thirty days, today included, unless something else is asked for', () => {
    expect(periodOf({})).toEqual(['2026-10-27T00:00:00.000Z', '2026-11-26T00:00:00.000Z']);
    expect(periodOf({ to: '2026-11-10' })).toEqual(['2026-10-12T00:00:00.000Z', '2026-11-11T00:00:00.000Z']);
    expect(periodOf({ from: '2026-11-24' })).toEqual([
      '2026-11-24T00:00:00.000Z',
      '2026-11-26T00:00:00.000Z',
    ]);
  });

  it('includes the day that `to` names, and ends at the moment that it names', () => {
    expect(periodOf({ from: '2026-11-24', to: '2026-11-24' })).toEqual([
      '2026-11-24T00:00:00.000Z',
      '2026-11-25T00:00:00.000Z',
    ]);
    expect(periodOf({ from: '2026-11-24T01:00:00+02:00', to: '2026-11-24T10:00Z' })).toEqual([
      '2026-11-23T23:00:00.000Z',
      '2026-11-24T10:00:00.000Z',
    ]);
  });

  it.each([
    ['backwards', { from: '2026-11-24', to: '2026-11-23' }],
    ['empty', { from: '2026-11-24T10:00:00Z', to: '2026-11-24T10:00:00Z' }],
    ['in the future alone', { from: '2026-12-24' }],
    ['longer than allowed', { from: '2025-11-24', to: '2026-11-25' }],
  ])('is refused when it is %s', (_, query) => {
    expect(() => periodOf(query)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });
});

describe(isDayOrMoment.name, () => {
  it.each(['2026-11-24', '2026-11-24T10:00Z', '2026-11-24T10:00:00.123+01:00', '2028-02-29'])(
    'takes %s',
    (text) => expect(isDayOrMoment(text)).toBe(true),
  );

  it.each([
    '2026-11-24T10:00:00',
    '2026',
    '2026-02-30',
    '2026-11-31T10:00Z',
    '2026-13-01',
    '2026-11-24T25:00Z',
    5,
  ])('refuses %s', (value) => expect(isDayOrMoment(value)).toBe(false));
});
