import { type AdministeredAccount, applyChange, differenceOf, isAdministrator } from './account-change.js';

const NOW = new Date('2026-11-25T12:00:00Z');

const ACCOUNT: AdministeredAccount = {
  id: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
  kind: 'local',
  email: 'ada@example.com',
  name: null,
  tier: 'free',
  roles: ['user'],
  permissions: ['prompts:write'],
  limits: { requestsPerMinute: 5, dailyCost: 2_000_000_000_000n },
  tools: { denied: new Set<string>() },
  disabledAt: null,
  createdAt: new Date('2026-11-24T09:00:00Z'),
  updatedAt: new Date('2026-11-24T09:00:00Z'),
};

describe('a change of an account', () => {
  it('leaves alone what it does not name', () => {
    expect(applyChange(ACCOUNT, {}, NOW)).toEqual(ACCOUNT);
    expect(applyChange(ACCOUNT, { tier: 'pro' }, NOW)).toEqual({ ...ACCOUNT, tier: 'pro' });
  });

  it('replaces roles and permissions, and changes limits one by one', () => {
    const changed = applyChange(
      ACCOUNT,
      {
        roles: ['user', 'admin'],
        permissions: [],
        limits: { requestsPerMinute: null, tokensPerMinute: 900, dailyCost: undefined },
      },
      NOW,
    );
    expect(changed).toMatchObject({ roles: ['user', 'admin'], permissions: [] });
    expect(changed.limits).toEqual({ tokensPerMinute: 900, dailyCost: 2_000_000_000_000n });
  });

  it('is told by the members that differ, in the form of the contract', () => {
    const after = applyChange(
      ACCOUNT,
      { tier: 'free', limits: { dailyCost: 0n, requestsPerMinute: null } },
      NOW,
    );
    expect(differenceOf(ACCOUNT, after)).toEqual({
      before: { limits: { requests_per_minute: 5, daily_cost: '2.000000' } },
      after: { limits: { daily_cost: '0.000000' } },
    });
  });

  it('is none when nothing differs but the order of the roles', () => {
    const before = { ...ACCOUNT, roles: ['user', 'admin'] };
    expect(
      differenceOf(before, applyChange(before, { roles: ['admin', 'user'], tier: 'free' }, NOW)),
    ).toBeUndefined();
  });
});

describe('an account that is disabled', () => {
  it('says since when, and is told as disabled; saying it again changes nothing', () => {
    const disabled = applyChange(ACCOUNT, { isDisabled: true }, NOW);
    expect(disabled.disabledAt).toEqual(NOW);
    expect(differenceOf(ACCOUNT, disabled)).toEqual({
      before: { disabled: false },
      after: { disabled: true },
    });
    const again = applyChange(disabled, { isDisabled: true }, new Date('2027-01-01T00:00:00Z'));
    expect(again.disabledAt).toEqual(NOW);
    expect(differenceOf(disabled, again)).toBeUndefined();
    expect(applyChange(disabled, { isDisabled: false }, NOW)).toEqual(ACCOUNT);
  });
});

describe('an administrator', () => {
  it('is whoever may administrate, by role or by permission, and can log in', () => {
    expect(isAdministrator(ACCOUNT)).toBe(false);
    expect(isAdministrator({ ...ACCOUNT, roles: ['admin'] })).toBe(true);
    expect(isAdministrator({ ...ACCOUNT, permissions: ['admin'] })).toBe(true);
    expect(isAdministrator({ ...ACCOUNT, roles: ['admin'], disabledAt: new Date() })).toBe(false);
  });
});
