import { loadConfig } from '../../../../../src/config/load-config.js';
import { derivedKeys } from '../../../../../src/modules/auth/derived-keys.module.js';
import { ToolCredentialRepository } from '../../../../../src/modules/tools/mcp/credentials/tool-credential.repository.js';
import { ToolCredentials } from '../../../../../src/modules/tools/mcp/credentials/tool-credentials.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const NOW = new Date('2026-11-25T14:30:00Z');

describe(ToolCredentials.name, () => {
  let database: TestDatabase;
  let mine: string;
  let theirs: string;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    mine = (await aUser(database.dataSource)).userId;
    theirs = (await aUser(database.dataSource)).userId;
  });

  function credentials(secret = 'the-secret-of-the-installation'): ToolCredentials {
    const { tools } = loadConfig({
      PERCH_MCP_SERVERS: JSON.stringify([
        { name: 'mail', url: 'https://mail.example.com/mcp', user_credentials: true },
        { name: 'own', url: 'https://own.example.com/mcp' },
      ]),
    });
    const clock = { now: () => NOW, monotonicMs: () => 0 };
    const repository = new ToolCredentialRepository(database.dataSource);
    return new ToolCredentials(tools, repository, clock, derivedKeys(Buffer.from(secret)));
  }

  it('gives a user’s credential to that user alone', async () => {
    await credentials().store(mine, 'mail', 'canary');
    await credentials().store(mine, 'mail', 'canary-2');
    expect((await credentials().find(mine, 'mail'))?.reveal()).toBe('canary-2');
    expect(await credentials().find(theirs, 'mail')).toBeUndefined();
    expect(await credentials().list(mine)).toEqual([{ server: 'mail', updatedAt: NOW }]);
    expect(await credentials().list(theirs)).toEqual([{ server: 'mail', updatedAt: undefined }]);
    await expect(credentials().remove(theirs, 'mail')).rejects.toMatchObject({ code: 'not_found' });
    await credentials().remove(mine, 'mail');
    expect(await credentials().find(mine, 'mail')).toBeUndefined();
  });

  it('is not in the database for anybody to read, or to give to another user', async () => {
    await credentials().store(mine, 'mail', 'canary');
    const [row] = await database.dataSource.query<{ sealed: Buffer }[]>(
      'SELECT sealed FROM tool_credential WHERE user_id = $1',
      [mine],
    );
    expect(row!.sealed.toString('latin1')).not.toContain('canary');
    await database.dataSource.query(
      'INSERT INTO tool_credential (user_id, server, sealed, updated_at) VALUES ($1, $2, $3, $4)',
      [theirs, 'mail', row!.sealed, NOW],
    );
    expect(await credentials().find(theirs, 'mail')).toBeUndefined();
  });

  it('is lost with the installation’s secret, and goes with the account', async () => {
    await credentials().store(mine, 'mail', 'canary');
    expect(await credentials('another secret').find(mine, 'mail')).toBeUndefined();
    await database.dataSource.query('DELETE FROM user_account WHERE id = $1', [mine]);
    expect(await credentials().find(mine, 'mail')).toBeUndefined();
  });

  it('is refused for a server that takes none', async () => {
    for (const server of ['own', 'none', '__proto__']) {
      await expect(credentials().store(mine, server, 'x')).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});
