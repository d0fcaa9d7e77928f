import { v7 } from 'uuid';
import type { DatabaseConfig } from '../../../src/config/app-config.js';
import { Secret } from '../../../src/config/secret.js';
import { DeadRows } from '../../../src/database/dead-rows.js';
import { KeptLog } from '../../support/a-logger.js';
import { aUser } from '../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../support/servers/test-database.js';
import { until } from '../../support/until.js';

describe(DeadRows.name, () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  const samples = async (): Promise<number> => {
    const [row] = await database.dataSource.query<{ count: string }[]>(
      `SELECT count(*) FROM pg_stats WHERE tablename = 'user_memory'
          AND (histogram_bounds::text LIKE '%kanarie%' OR most_common_vals::text LIKE '%kanarie%')`,
    );
    return Number(row!.count);
  };

  async function deletedFacts(): Promise<void> {
    const { userId } = await aUser(database.dataSource);
    await database.dataSource.query(
      `INSERT INTO user_memory (id, user_id, text, origin, is_tainted, created_at, updated_at)
       SELECT gen_random_uuid(), $1, 'kanarie ' || n, 'user', false, now(), now() FROM generate_series(1, 500) n`,
      [userId],
    );
    // The other row keeps the table from being empty, of which no statistics are made.
    await database.dataSource.query(
      `INSERT INTO user_memory (id, user_id, text, origin, is_tainted, created_at, updated_at)
       VALUES ($1, $2, 'stays', 'user', false, now(), now())`,
      [v7(), userId],
    );
    await database.dataSource.query('ANALYZE user_memory');
    expect(await samples()).toBeGreaterThan(0);
    await database.dataSource.query(`DELETE FROM user_memory WHERE text LIKE 'kanarie%'`);
  }

  const aDeadRows = (isEmbedded: boolean, log = new KeptLog()): DeadRows =>
    new DeadRows({ isEmbedded, url: new Secret(database.url) } as DatabaseConfig, log.logger);

  it('leave no samples of themselves in the planner’s statistics', async () => {
    await deletedFacts();
    const deadRows = aDeadRows(true);
    deadRows.clear(['user_memory', 'message']);
    await until(async () => (await samples()) === 0);
    await deadRows.onApplicationShutdown();
  });

  it('are left to the operator of another database, and to nobody when it cannot be reached', async () => {
    const deadRows = aDeadRows(false);
    deadRows.clear(['user_memory']);
    await deadRows.onApplicationShutdown();
    const log = new KeptLog();
    const broken = aDeadRows(true, log);
    broken.clear(['no_such_table']);
    await until(() => log.events().includes('database.dead_rows_left'));
    await broken.onApplicationShutdown();
  });
});
