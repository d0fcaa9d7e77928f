import { v7 } from 'uuid';
import { AccountAdministrationRepository } from '../../../../../src/modules/auth/administration/account-administration.repository.js';
import type { AuditTrail } from '../../../../../src/modules/observability/index.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { anAuditTrail } from '../../../../support/an-audit-trail.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const NOW = new Date('2026-11-25T14:30:00Z');

describe(AccountAdministrationRepository.name, () => {
  let database: TestDatabase;
  let accounts: AccountAdministrationRepository;
  let audit: AuditTrail;
  let root: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    audit = anAuditTrail(database.dataSource);
    accounts = new AccountAdministrationRepository(database.dataSource, audit);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE user_account, audit_entry CASCADE');
    root = await anAdministrator();
  });

  async function anAdministrator(): Promise<string> {
    const { userId } = await aUser(database.dataSource);
    await database.dataSource.query(`UPDATE user_account SET roles = '{user,admin}' WHERE id = $1`, [userId]);
    return userId;
  }

  const stamp = (actorId = root) => ({
    id: v7(),
    actor: { userId: actorId, requestId: 'a-request' },
    now: NOW,
  });
  const trail = () => audit.findPage({ limit: 100 });

  it('writes what changed, and who changed it, together with the change', async () => {
    const { userId, email } = await aUser(database.dataSource);
    const changed = await accounts.change(
      userId,
      { tier: 'pro', permissions: ['prompts:write'], limits: { dailyCost: 5n, requestsPerMinute: 3 } },
      stamp(),
    );
    expect(changed).toMatchObject({ isChanged: true, account: { email, tier: 'pro', roles: ['user'] } });
    expect(await accounts.find(userId)).toEqual(changed!.account);
    expect(await trail()).toEqual([
      {
        id: expect.any(String),
        seq: null,
        hash: null,
        actorId: root,
        actorKind: 'user',
        actorEmail: `${root}@example.com`,
        action: 'user.update',
        targetType: 'user',
        targetId: userId,
        outcome: 'ok',
        from: null,
        before: { tier: 'free', permissions: [], limits: {} },
        after: {
          tier: 'pro',
          permissions: ['prompts:write'],
          limits: { requests_per_minute: 3, daily_cost: '0.000000000005' },
        },
        requestId: 'a-request',
        createdAt: NOW,
      },
    ]);
  });

  it('changes nothing when the trail cannot be written', async () => {
    const { userId } = await aUser(database.dataSource);
    const taken = stamp();
    await accounts.change(userId, { tier: 'basic' }, taken);
    await expect(accounts.change(userId, { tier: 'pro' }, taken)).rejects.toThrow();
    expect(await accounts.find(userId)).toMatchObject({ tier: 'basic' });
  });

  it('writes nothing for what is like that already, or is not there', async () => {
    const { userId } = await aUser(database.dataSource);
    expect(await accounts.change(userId, { tier: 'free', roles: ['user'] }, stamp())).toMatchObject({
      isChanged: false,
    });
    expect(await accounts.change(v7(), { tier: 'pro' }, stamp())).toBeUndefined();
    expect(await trail()).toEqual([]);
  });

  it('does not let the last administrator go, in whatever way the office is held', async () => {
    const code = 'last_administrator';
    await expect(accounts.change(root, { roles: ['user'] }, stamp())).rejects.toMatchObject({ code });
    await accounts.change(root, { roles: ['user'], permissions: ['admin'] }, stamp());
    await expect(accounts.change(root, { permissions: [] }, stamp())).rejects.toMatchObject({ code });
    const second = await anAdministrator();
    await database.dataSource.query(`UPDATE user_account SET disabled_at = now() WHERE id = $1`, [second]);
    await expect(accounts.change(root, { permissions: [] }, stamp())).rejects.toMatchObject({ code });
    await database.dataSource.query(`UPDATE user_account SET disabled_at = NULL WHERE id = $1`, [second]);
    expect(await accounts.change(root, { permissions: [] }, stamp())).toMatchObject({ isChanged: true });
  });

  it('leaves one of several administrators who depose each other at the same time', async () => {
    const all = [root, await anAdministrator(), await anAdministrator(), await anAdministrator()];
    const outcomes = await Promise.allSettled(
      all.map((id, index) => accounts.change(all[(index + 1) % all.length]!, { roles: ['user'] }, stamp(id))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const left = await database.dataSource.query(`SELECT 1 FROM user_account WHERE 'admin' = ANY(roles)`);
    expect(left).toHaveLength(1);
    expect(await trail()).toHaveLength(3);
  });

  it('does not hold up what the user does meanwhile', async () => {
    const { userId } = await aUser(database.dataSource);
    const runner = database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(
      `INSERT INTO conversation (id, user_id, title, created_at, updated_at, expires_at) VALUES ($1, $2, 't', now(), now(), now())`,
      [v7(), userId],
    );
    expect(await accounts.change(userId, { tier: 'pro' }, stamp())).toMatchObject({ isChanged: true });
    await runner.rollbackTransaction();
    await runner.release();
  });

  it('lists accounts newest first, and finds them by a part of their email', async () => {
    const ids = [root];
    for (let index = 0; index < 4; index += 1) ids.unshift((await aUser(database.dataSource)).userId);
    const first = await accounts.findPage({ limit: 3 });
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    const rest = await accounts.findPage({ limit: 3, before: first.at(-1)!.id });
    expect(rest.map(({ id }) => id)).toEqual(ids.slice(3));
    expect(await accounts.findPage({ limit: 3 }, root.toUpperCase())).toMatchObject([{ id: root }]);
    expect(await accounts.findPage({ limit: 3 }, '%')).toEqual([]);
  });

  it('keeps the trail when those it names are gone', async () => {
    const { userId } = await aUser(database.dataSource);
    await accounts.change(userId, { tier: 'pro' }, stamp());
    await database.dataSource.query('DELETE FROM user_account');
    expect(await trail()).toMatchObject([{ actorId: root, actorEmail: undefined, targetId: userId }]);
  });
});
