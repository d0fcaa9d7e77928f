import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Account } from './account.js';
import type { CredentialNews } from './credentials/credential-news.js';
import { PRINCIPAL_TTL_MS } from './credentials/recent-answers.js';
import { PrincipalService } from './principal.service.js';
import type { UserAccountRepository } from './user-account.repository.js';

const SESSION = { userId: 'ada', sessionId: 'one' };
const ACCOUNT: Account = {
  id: 'ada',
  kind: 'local',
  name: null,
  email: 'ada@example.com',
  passwordHash: '',
  tier: 'free',
  roles: ['user'],
  permissions: [],
  limits: {},
  tools: { denied: new Set() },
  isDisabled: false,
  isMemoryEnabled: false,
};

describe(PrincipalService.name, () => {
  let stored: Account | undefined;
  let failure: Error | undefined;
  let questions: number;
  let nowMs: number;
  let principals: PrincipalService;

  beforeEach(() => {
    stored = ACCOUNT;
    failure = undefined;
    questions = 0;
    nowMs = 0;
    const accounts = {
      findWithSession: async (userId: string) => {
        questions += 1;
        await Promise.resolve();
        if (failure) throw failure;
        return stored && { ...stored, id: userId };
      },
    } as unknown as UserAccountRepository;
    const listeners: ((userId: string) => void)[] = [];
    const news = {
      onChanged: (listener: (userId: string) => void) => void listeners.push(listener),
      changed: (userId: string) => listeners.forEach((listener) => listener(userId)),
    } as unknown as CredentialNews;
    principals = new PrincipalService(accounts, news, {
      now: () => new Date(nowMs),
      monotonicMs: () => nowMs,
    });
  });

  it('asks the database once for many requests at once, and again when the answer is old', async () => {
    await Promise.all(Array.from({ length: 50 }, () => principals.principalOf(SESSION)));
    nowMs = PRINCIPAL_TTL_MS - 1;
    await principals.principalOf(SESSION);
    expect(questions).toBe(1);
    nowMs = PRINCIPAL_TTL_MS;
    await principals.principalOf(SESSION);
    expect(questions).toBe(2);
  });

  it('shares nothing between sessions', async () => {
    await principals.principalOf(SESSION);
    await principals.principalOf({ ...SESSION, sessionId: 'two' });
    await principals.principalOf({ ...SESSION, userId: 'grace' });
    expect(questions).toBe(3);
  });

  it('asks again at once for all sessions of a user whose account was changed, and for nobody else', async () => {
    const other = { ...SESSION, sessionId: 'two' };
    const somebodyElse = { ...SESSION, userId: 'ada-2' };
    for (const session of [SESSION, other, somebodyElse]) await principals.principalOf(session);
    stored = { ...ACCOUNT, tier: 'pro' };
    principals.forget('ada');
    const tiers = await Promise.all(
      [SESSION, other, somebodyElse].map(async (session) => (await principals.principalOf(session)).tier),
    );
    expect(tiers).toEqual(['pro', 'pro', 'free']);
  });

  it('asks again at once about what it was told was over', async () => {
    const kept = stored;
    stored = undefined;
    await expect(principals.principalOf(SESSION)).rejects.toMatchObject({ code: 'token_revoked' });
    stored = kept;
    principals.forget('ada');
    await expect(principals.principalOf(SESSION)).resolves.toMatchObject({ userId: 'ada' });
  });

  it('keeps no answer whose question was asked before the change', async () => {
    const asked = principals.principalOf(SESSION);
    principals.forget('ada');
    await asked;
    stored = undefined;
    await expect(principals.principalOf(SESSION)).rejects.toMatchObject({ code: 'token_revoked' });
  });

  it('throws for a disabled account', async () => {
    stored = { ...ACCOUNT, isDisabled: true };
    await expect(principals.principalOf(SESSION)).rejects.toMatchObject({ code: 'token_revoked' });
  });

  it('does not keep a failure of the database, nor take it for an answer', async () => {
    failure = new Error('connection lost');
    await expect(principals.principalOf(SESSION)).rejects.toBe(failure);
    failure = undefined;
    await expect(principals.principalOf(SESSION)).resolves.toMatchObject({ userId: 'ada' });
  });
});
