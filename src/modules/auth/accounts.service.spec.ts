import { EVERY_TOOL } from '../../shared/context/principal.js';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Account, NewAccount } from './account.js';
import { AccountsService } from './accounts.service.js';
import { PasswordHasher } from './password-hasher.js';
import type { PasswordRules } from './passwords/password-rules.js';
import type { SecurityAudit } from './security-audit.js';
import type { UserAccountRepository } from './user-account.repository.js';

/** Counts the work that a caller could measure. */
class CountingHasher extends PasswordHasher {
  readonly verified: (string | undefined)[] = [];

  override async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    this.verified.push(passwordHash);
    return passwordHash === `hash of ${password}`;
  }

  override async hash(password: string): Promise<string> {
    return `hash of ${password}`;
  }
}

class InMemoryAccounts {
  private readonly accounts = new Map<string, Account>();

  async findByEmail(email: string): Promise<Account | undefined> {
    return this.accounts.get(email);
  }

  async insertIfAbsent(account: NewAccount): Promise<Account | undefined> {
    if (this.accounts.has(account.email)) return undefined;
    const stored: Account = {
      ...account,
      kind: 'local',
      name: null,
      permissions: [],
      limits: {},
      tools: EVERY_TOOL,
      isDisabled: account.email.startsWith('disabled'),
      isMemoryEnabled: false,
    };
    this.accounts.set(account.email, stored);
    return stored;
  }
}

describe(AccountsService.name, () => {
  let passwords: CountingHasher;
  let log: Record<string, unknown>[];
  let accounts: AccountsService;

  beforeEach(() => {
    passwords = new CountingHasher();
    log = [];
    const write = (line: Record<string, unknown>): void => void log.push(line);
    let id = 0;
    accounts = new AccountsService(
      new InMemoryAccounts() as unknown as UserAccountRepository,
      passwords,
      { assertGood: async () => undefined } as unknown as PasswordRules,
      { note: async () => undefined } as unknown as SecurityAudit,
      { now: () => new Date(0), monotonicMs: () => 0 },
      { next: () => `id-${(id += 1)}` },
      { info: write, warn: write } as unknown as PinoLogger,
    );
  });

  it.each([
    ['an unknown email', 'nobody@example.com', 'right', 'unknown_email'],
    ['a wrong password', 'ada@example.com', 'wrong', 'wrong_password'],
    ['a disabled account', 'disabled@example.com', 'right', 'disabled'],
  ])(
    'checks one password for %s, answers the same and logs why without the email',
    async (_, email, password, reason) => {
      await accounts.register('ada@example.com', 'right');
      await accounts.register('disabled@example.com', 'right');
      const failed = accounts.login(email, password);
      await expect(failed).rejects.toMatchObject({
        code: 'unauthenticated',
        detail: 'The email or the password is wrong.',
      });
      expect(passwords.verified).toHaveLength(1);
      expect(log.at(-1)).toMatchObject({ event: 'auth.login.failed', reason });
      expect(JSON.stringify(log)).not.toContain('example.com');
    },
  );

  it('finds an account by any spelling of its email', async () => {
    const { id } = await accounts.register('Ada@Example.com', 'right');
    expect((await accounts.login(' ADA@example.COM', 'right')).id).toBe(id);
    await expect(accounts.register('aDA@example.com', 'other')).rejects.toMatchObject({
      kind: 'conflict',
      code: 'email_taken',
    });
  });

  it('gives new accounts the free tier and the role of a user', async () => {
    expect(await accounts.register('ada@example.com', 'right')).toMatchObject({
      tier: 'free',
      roles: ['user'],
    });
  });

  it('makes an account that is wanted only where there is none', async () => {
    const wanted = { email: 'root@example.com', password: 'first', tier: 'pro', roles: ['admin'] } as const;
    const first = await accounts.ensure(wanted);
    const second = await accounts.ensure({ ...wanted, password: 'second', tier: 'free' });
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(second.account).toEqual(first.account);
  });
});
